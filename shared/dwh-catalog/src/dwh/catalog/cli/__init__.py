"""The commands that join `dwh`."""
