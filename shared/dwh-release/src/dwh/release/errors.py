"""Why a maintainer's command was refused or failed.

Each error says what was being done, what was found and what to type next; the facts are attributes.
"""

from __future__ import annotations

from collections.abc import Iterable

from dwh.core.errors import DwhError, UsageError, listed

__all__ = [
    "BuildError",
    "FragmentError",
    "GateError",
    "GitError",
    "LineError",
    "PortError",
    "ReadError",
    "RecordError",
    "ReleaseError",
    "RepositoryError",
    "TreeError",
    "UnknownPackageError",
    "VersionError",
]


class ReleaseError(DwhError):
    """The root of the errors of dwh-release: what was being done, the problem, what to do next."""

    def __init__(self, doing: str, problem: str, hint: str) -> None:
        self.doing, self.problem, self.hint = doing, problem, hint
        super().__init__(f"{doing}: {problem}; {hint}")


class RepositoryError(ReleaseError, UsageError):
    """The folder is no repository of this shape, or a package's `[tool.dwh]` cannot be used."""

    code = "DWH801"


class TreeError(ReleaseError):
    """The working tree is not in a state that can be released from or edited."""

    code = "DWH802"


class GitError(ReleaseError):
    """A git command failed."""

    code = "DWH803"


class RecordError(ReleaseError):
    """A released file is missing, corrupt or edited."""

    code = "DWH804"


class ReadError(ReleaseError):
    """The tree's code cannot be read."""

    code = "DWH805"


class VersionError(ReleaseError, UsageError):
    """A version is malformed, goes backwards, exists already, or says less than what changed."""

    code = "DWH806"


class FragmentError(ReleaseError, UsageError):
    """A changelog fragment, a waiver or a decision about a fix cannot be used as it is written."""

    code = "DWH807"


class PortError(ReleaseError, UsageError):
    """A commit cannot be taken to that line."""

    code = "DWH808"


class LineError(ReleaseError, UsageError):
    """A line, or its branch, cannot be opened or moved as asked."""

    code = "DWH809"


class BuildError(ReleaseError):
    """A distribution could not be built, or is not what a release must be."""

    code = "DWH810"


class UnknownPackageError(UsageError):
    """The repository has no package of this name."""

    code = "DWH811"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name, self.known = name, tuple(known)
        super().__init__(
            f"no package {name!r} in this repository (packages: {listed(self.known)}); type: dwh-release "
            "status"
        )


class GateError(DwhError):
    """The gate refuses a package. `problems` holds each reason, with what to do."""

    code = "DWH812"

    def __init__(self, package: str, problems: Iterable[str]) -> None:
        self.package, self.problems = package, tuple(problems)
        lines = "".join(f"\n- {problem}" for problem in self.problems)
        super().__init__(f"{package} is not ready to be released; type: dwh-release check {package}{lines}")
