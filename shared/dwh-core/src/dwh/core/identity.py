"""Who acts, and how what they begin is called."""

from __future__ import annotations

import getpass
import os
import secrets
from datetime import datetime

__all__ = ["current_user", "new_id"]


def current_user() -> str:
    """Return who runs this process, as the operating system knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container's user may have no name
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"


def new_id(now: datetime) -> str:
    """Return an id that nothing else has: it sorts by time, is easy to say, and fits into a path."""
    return f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
