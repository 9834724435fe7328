"""The commands that this package adds to `dwh`: `deploy` and `bundle`."""
