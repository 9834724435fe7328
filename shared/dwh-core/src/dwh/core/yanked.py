"""Releases that a line has taken back, each with its reason.

`dwh-release yank` writes them into the line's package, as `yanked.toml`, so that every later release of the
line brings them along:

    [[yanked]]
    release = "0.1.2"
    date = 2026-11-25
    reason = "on_time is null for flights that were diverted"
"""

from __future__ import annotations

import sys
import warnings
from importlib.resources import files

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["FILE", "YankedReleaseWarning", "parse_yanked", "warn_if_yanked", "yanked_releases"]

FILE = "yanked.toml"


class YankedReleaseWarning(FutureWarning):
    """A release that its line has taken back was named exactly."""


def parse_yanked(text: str) -> dict[str, str]:
    """Return the reason of each release in the text of a `yanked.toml`; raises ValueError."""
    try:
        return {
            str(entry["release"]): str(entry["reason"]) for entry in tomllib.loads(text).get("yanked", [])
        }
    except (KeyError, TypeError) as error:
        raise ValueError("an entry lacks its release or its reason") from error


def yanked_releases(package: str) -> dict[str, str]:
    """Return the releases that an installed line has taken back, with their reasons; raises ValueError.

    Parameters:
        package: the line's import package, such as `dwh.jobs.v0_1_0`.
    """
    file = files(package).joinpath(FILE)
    return parse_yanked(file.read_text("utf-8")) if file.is_file() else {}


def warn_if_yanked(distribution: str, package: str, release: str) -> None:
    """Warn whoever names a release exactly that was taken back, as far as the installed one knows."""
    reason = yanked_releases(package).get(release)
    if reason is not None:
        warnings.warn(
            f"{distribution} {release} was yanked: {reason}; name the line, or a later release",
            YankedReleaseWarning,
            stacklevel=3,
        )
