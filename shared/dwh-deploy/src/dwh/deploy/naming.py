"""Names that become part of URLs, lists with commas, and requests. Nothing else may be let into them."""

from __future__ import annotations

import re

from dwh.core.errors import InvalidNameError

__all__ = ["require_name", "require_secret", "require_title"]


def require_name(what: str, value: str, pattern: str, allowed: str) -> str:
    """Return a name that fits a pattern, and has no `..` in it; raises InvalidNameError.

    Parameters:
        allowed: what may be written, for a person.
    """
    parts = re.split(r"[/:]", value)
    if not re.fullmatch(pattern, value, re.ASCII) or ".." in value or "." in parts:
        raise InvalidNameError(what, value, allowed)
    return value


def require_secret(name: str) -> str:
    """Return the name or ARN of a secret of AWS; raises InvalidNameError."""
    allowed = "the name or ARN of a secret in AWS Secrets Manager"
    return require_name("secret", name, r"[A-Za-z0-9/_+=.@:-]{1,512}", allowed)


def require_title(name: str) -> str:
    """Return what a job is called on a platform; raises InvalidNameError."""
    allowed = "at most 255 letters, digits, dots, dashes and underscores"
    return require_name("name of a job", name, r"[A-Za-z0-9._-]{1,255}", allowed)
