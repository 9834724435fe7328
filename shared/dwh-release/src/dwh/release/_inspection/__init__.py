"""What runs in a process of its own: import a package of the tree, look at it, print what it is as JSON.

It runs apart so that the tree's code is read and not the installed one, and so that a package that
fails to import fails alone. Nothing here imports another part of dwh.release.
"""
