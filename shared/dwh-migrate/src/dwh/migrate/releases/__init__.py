"""Releases in environments of their own: made by uv, kept, shared, and removed when nothing needs them.

A *release environment* is a virtual environment that holds one release of a line with everything that
it needs. It has nothing to do with the environments that pins are for, such as `prod`.

`wanted` says what an environment is to hold, `uv` asks uv, `lock` reads which files that comes to,
`store` keeps what was made, `make` makes it, `needs` knows who still needs it, `running` runs a job
in one, and `errors` holds what goes wrong.
"""
