"""Which releases are installed in this environment, and which distribution a reference means."""

from __future__ import annotations

from dwh.core.distributions import brought_lines
from dwh.core.errors import UnknownLineError, UnknownReleaseError, UsageError
from dwh.core.lines import Reference, distribution_of_line

__all__ = ["distribution_of", "installed_releases", "is_installed"]


def is_installed(reference: Reference) -> bool:
    """Whether the release that an exact reference names is installed here; True for a line.

    A line that is not installed cannot be run anywhere else, as it names no release to get.
    """
    try:
        reference.line()
    except (UnknownReleaseError, UnknownLineError):
        return not reference.exact
    return True


def distribution_of(reference: Reference) -> str:
    """Return the distribution of the line that an exact reference names, whether it is installed or not.

    Raises UsageError where no installed line tells how the distributions here are called.
    """
    found = distribution_of_line(reference.line_name)
    if found is None:
        raise UsageError(
            f"{reference}: no line is installed here, so it is not known which distribution brings "
            f"line {reference.line_name}; install any release of that line with pip, and try again"
        )
    return found


def installed_releases() -> list[str]:
    """Return the releases that are installed here, as requirements."""
    return [f"{line.distribution}=={line.release}" for line in brought_lines().values()]
