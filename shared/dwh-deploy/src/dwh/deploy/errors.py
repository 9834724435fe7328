"""Why something cannot be deployed. Whatever is raised here, no job points to what is not there."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dwh.core.errors import DwhError, UsageError, listed

__all__ = [
    "AwsError",
    "BotoMissingError",
    "ChangedReleaseError",
    "ForeignJobError",
    "MissingWheelsError",
    "NoReleaseError",
    "UnsupportedPlatformError",
    "WheelError",
]


class WheelError(DwhError):
    """A wheel cannot be deployed as it is."""

    code = "DWH921"

    def __init__(self, wheel: str, problem: str, hint: str) -> None:
        self.wheel, self.problem, self.hint = wheel, problem, hint
        super().__init__(f"{wheel}: {problem}; {hint}")


class NoReleaseError(UsageError):
    """The folder of wheels does not hold the release that a reference names."""

    code = "DWH922"

    def __init__(self, reference: str, folder: Path, found: Iterable[str]) -> None:
        self.reference, self.folder, self.found = reference, folder, tuple(found)
        super().__init__(
            f"{reference}: the folder {folder} has no wheel of that release (releases of lines there: "
            f"{listed(self.found)}); put its wheel there, or name another folder with --wheels"
        )


class MissingWheelsError(UsageError):
    """The folder of wheels lacks some that the release needs on the platform."""

    code = "DWH923"

    def __init__(self, reference: str, folder: Path, missing: Iterable[str], python: str) -> None:
        self.reference, self.folder, self.missing = reference, folder, tuple(missing)
        wanted = " ".join(f"'{requirement}'" for requirement in self.missing)
        count = "1 distribution" if len(self.missing) == 1 else f"{len(self.missing)} distributions"
        super().__init__(
            f"{reference}: the folder {folder} lacks wheels of {count} which it "
            f"needs on Python {python}; type: pip download --only-binary=:all: --python-version {python} "
            f"--platform manylinux_2_28_x86_64 --platform manylinux2014_x86_64 --dest {folder} {wanted}"
        )


class UnsupportedPlatformError(UsageError):
    """The platform's Spark or Python is not one that a release supports."""

    code = "DWH924"

    def __init__(self, release: str, what: str, supported: str, platform: str, found: str) -> None:
        self.release, self.what, self.supported = release, what, supported
        self.platform, self.found = platform, found
        super().__init__(
            f"{release} supports {what} {supported}, but {platform} has {what} {found}, and an install "
            "must not replace it: deploy a release that supports it, or use another platform"
        )


class ChangedReleaseError(DwhError):
    """The bucket has another file under the name of a wheel. A release never changes."""

    code = "DWH925"

    def __init__(self, place: str, theirs: str, ours: str) -> None:
        self.place, self.theirs, self.ours = place, theirs, ours
        super().__init__(
            f"{place} is there with SHA-256 {theirs}, the wheel here has {ours}: a release never changes, so "
            "nothing was changed; deploy the wheel that was released, or give the change a version of its own"
        )


class ForeignJobError(UsageError):
    """There is a job of this name that dwh did not make."""

    code = "DWH926"

    def __init__(self, name: str, problem: str) -> None:
        self.name, self.problem = name, problem
        super().__init__(f"Glue job {name} was not made by dwh: {problem}; give another name with --name")


class BotoMissingError(UsageError):
    """The library that talks to AWS is not installed."""

    code = "DWH927"

    def __init__(self) -> None:
        super().__init__("boto3 is not installed, which talks to AWS; type: pip install 'dwh-deploy[glue]'")


class AwsError(DwhError):
    """AWS refused something, or cannot be reached."""

    code = "DWH928"

    def __init__(self, action: str, problem: str, hint: str) -> None:
        self.action, self.problem, self.hint = action, problem, hint
        super().__init__(f"{action}: {problem}; {hint}")
