"""What an operator can ask for that is not allowed. Nothing was written."""

from __future__ import annotations

from dwh.core.errors import UsageError

__all__ = ["RolloutError"]


class RolloutError(UsageError):
    """A pin or a rollout cannot be made or moved as was asked."""
