"""What an operator can ask for that is not allowed. Nothing was written."""

from __future__ import annotations

from dwh.core.errors import DwhError, UsageError

__all__ = [
    "GateClosedError",
    "LineChoiceError",
    "MissingReasonError",
    "NoRolloutError",
    "RolloutError",
    "StalePlanError",
    "StepError",
    "UnprovenError",
]


class RolloutError(UsageError):
    """A pin or a rollout is not in the state that was asked to change."""

    code = "DWH703"


class NoRolloutError(RolloutError):
    """There is no such rollout, plan or decision."""

    code = "DWH704"


class StepError(RolloutError):
    """The steps of a rollout cannot be taken as they are written."""

    code = "DWH705"


class LineChoiceError(RolloutError):
    """A line cannot take the place of another for a job."""

    code = "DWH706"


class StalePlanError(RolloutError):
    """Something has changed since a plan was shown."""

    code = "DWH707"


class GateClosedError(RolloutError):
    """Too few comparisons have passed for the next step."""

    code = "DWH708"


class MissingReasonError(RolloutError):
    """A decision gives no reason."""

    code = "DWH709"


class UnprovenError(DwhError):
    """A logical date publishes nothing, because what was run for it is not proven."""

    code = "DWH710"
