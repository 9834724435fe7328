"""What goes wrong with releases in environments of their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dwh.core.errors import DwhError, UsageError, listed

__all__ = [
    "EnvironmentGoneError",
    "EnvironmentNeededError",
    "IndexUnreachableError",
    "IsolatedRunError",
    "ReleaseMissingError",
    "ReleaseUnsolvableError",
    "StoreError",
    "UnknownEnvironmentError",
    "UnknownPythonError",
    "UvMissingError",
    "WheelChangedError",
    "WheelHashError",
    "WheelhouseError",
]


class UvMissingError(DwhError):
    """There is no uv, which makes release environments."""

    code = "DWH901"

    def __init__(self, release: str, installed: Iterable[str]) -> None:
        self.release, self.installed = release, tuple(installed)
        super().__init__(
            f"{release} needs an environment of its own (installed here: {listed(self.installed)}); uv "
            "makes it, and is not installed; type: pip install uv"
        )


class UnknownPythonError(UsageError):
    """uv finds no such Python."""

    code = "DWH902"

    def __init__(self, python: str, problem: str) -> None:
        self.python, self.problem = python, problem
        super().__init__(f"there is no Python {python!r} here ({problem}); type: uv python list")


class ReleaseMissingError(UsageError):
    """Neither the index nor the wheelhouse holds a release."""

    code = "DWH903"

    def __init__(self, release: str, missing: str, wheelhouse: str | None, installed: Iterable[str]) -> None:
        self.release, self.missing = release, missing
        self.wheelhouse, self.installed = wheelhouse, tuple(installed)
        kept = f"nor the wheelhouse {wheelhouse}" if wheelhouse else "and no wheelhouse is configured"
        super().__init__(
            f"an environment for {release} cannot be made: the package index does not hold {missing}, {kept} "
            f"(installed here: {listed(self.installed)}); see `wheelhouse` in docs/isolated.md"
        )


class ReleaseUnsolvableError(UsageError):
    """What an environment is to hold does not fit together, or cannot be installed."""

    code = "DWH904"

    def __init__(self, wanted: Sequence[str], problem: str) -> None:
        self.wanted, self.problem = tuple(wanted), problem
        super().__init__(f"an environment with {', '.join(wanted)} cannot be made: {problem}")


class IndexUnreachableError(DwhError):
    """The package index, or a wheelhouse behind a URL, does not answer."""

    code = "DWH905"

    def __init__(self, release: str, problem: str) -> None:
        self.release, self.problem = release, problem
        super().__init__(
            f"an environment for {release} cannot be made, as the index cannot be reached: {problem}; "
            "`dwh venv list` shows what can be used without a network"
        )


class WheelhouseError(UsageError):
    """The wheelhouse is not there."""

    code = "DWH906"

    def __init__(self, wheelhouse: str, problem: str) -> None:
        self.wheelhouse, self.problem = wheelhouse, problem
        super().__init__(
            f"wheelhouse {wheelhouse}: {problem}; it is a folder or a URL, from dwh.toml or DWH_WHEELHOUSE"
        )


class WheelHashError(DwhError):
    """A file that was downloaded is not the one that was promised."""

    code = "DWH907"

    def __init__(self, release: str, problem: str) -> None:
        self.release, self.problem = release, problem
        super().__init__(
            f"an environment for {release} was not made: {problem}; a file of a release never changes, "
            "so find out who changed it"
        )


class WheelChangedError(DwhError):
    """A file of a release has other content than when it was first used."""

    code = "DWH908"

    def __init__(self, file: str, first: str, found: str, record: str) -> None:
        self.file, self.first, self.found, self.record = file, first, found, record
        super().__init__(
            f"{file} was used with SHA-256 {first[:12]}…, but has {found[:12]}… now: a release never "
            f"changes, so give what changed a new number (first use: {record})"
        )


class StoreError(DwhError):
    """The folder of the release environments cannot be used."""

    code = "DWH909"

    def __init__(self, folder: str, problem: str) -> None:
        self.folder, self.problem = folder, problem
        super().__init__(
            f"release environments cannot be kept in {folder}: {problem}; "
            "name another folder with release_environments in dwh.toml, or DWH_RELEASE_ENVIRONMENTS"
        )


class UnknownEnvironmentError(UsageError):
    """No release environment has this id, or holds this release."""

    code = "DWH910"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name, self.known = name, tuple(known)
        super().__init__(
            f"there is no release environment {name} (there are: {listed(self.known)}); type: dwh venv list"
        )


class EnvironmentNeededError(DwhError):
    """A release environment is needed, so it is not removed."""

    code = "DWH911"

    def __init__(self, environment: str, release: str, needs: Iterable[str]) -> None:
        self.environment, self.release, self.needs = environment, release, tuple(needs)
        super().__init__(
            f"release environment {environment} of {release} is not removed: {'; '.join(self.needs)}"
        )


class EnvironmentGoneError(DwhError):
    """A release environment was deleted, by hand, while something used it."""

    code = "DWH912"

    def __init__(self, *, environment: str, reference: str, problem: str) -> None:
        self.environment, self.reference, self.problem = environment, reference, problem
        super().__init__(
            f"release environment {environment} was deleted while {reference} ran in it ({problem}); "
            "nothing of the run is visible. The same command makes the environment anew; "
            "`dwh venv remove` removes one only when nothing needs it"
        )


class IsolatedRunError(DwhError):
    """A run in a release environment failed; nothing that it wrote is visible.

    Attributes:
        exit_code: of the process in the environment, 1 where a signal ended it.
    """

    code = "DWH913"

    def __init__(self, reference: str, problem: str, exit_code: int) -> None:
        self.reference, self.problem = reference, problem
        self.exit_code = exit_code if exit_code in (1, 2) else 1
        super().__init__(problem)
