"""Which releases are installed in this environment, and which distribution a reference means."""

from __future__ import annotations

from dwh.core.errors import UnknownLineError, UnknownReleaseError
from dwh.core.lines import Reference, installed_lines

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
    """Return the distribution of the line that an exact reference names, whether it is installed or not."""
    line = reference.line_name
    installed = installed_lines()
    return installed[line].distribution if line in installed else f"dwh-v{line.replace('.', '_')}"


def installed_releases() -> list[str]:
    """Return the releases that are installed here, as requirements."""
    return [f"{line.distribution}=={line.release}" for line in installed_lines().values()]
