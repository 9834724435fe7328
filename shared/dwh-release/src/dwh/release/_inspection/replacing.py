"""Attributes of modules that are others for a while."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

__all__ = ["replaced"]


@contextlib.contextmanager
def replaced(*items: tuple[object, str, Any]) -> Iterator[None]:
    """Let attributes, each given by its owner and name, have other values meanwhile."""
    before = [(owner, name, vars(owner)[name]) for owner, name, _ in items]
    try:
        for owner, name, value in items:
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)
