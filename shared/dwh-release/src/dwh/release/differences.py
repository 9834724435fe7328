"""Every difference of a package from a release, each with the step that allows it."""

from __future__ import annotations

from collections.abc import Iterator

from dwh.release.api_changes import api_findings
from dwh.release.contract_changes import contract_findings
from dwh.release.findings import Finding
from dwh.release.package_changes import (
    document_findings,
    file_findings,
    requirement_findings,
    setting_findings,
)
from dwh.release.record import Record
from dwh.release.repository import Package
from dwh.release.surface import Surface
from dwh.release.versions import Step

__all__ = ["differences", "promised"]


def promised(old: Record, new: Surface) -> Iterator[Finding]:
    """Yield what callers and readers were promised and get otherwise: contracts, names, Spark settings."""
    yield from contract_findings(old.jobs, new)
    yield from api_findings(old.data["api"], new)
    yield from setting_findings(old.data["settings"], new)


def differences(package: Package, old: Record, module: str | None, new: Surface) -> list[Finding]:
    """Return the differences of a package of the tree from a release.

    Parameters:
        old: a release of it, or before a line's first release the newest one of the line before.
        module: the import package of that release, where it is known.
    """
    found = [*promised(old, new), *requirement_findings(package, old.data["requires"], new)]
    if old.data["package"] != package.name:
        # Between lines, what a line needs to be installed is nobody's break: readers choose the line.
        return [finding for finding in found if finding.aspect not in ("requirement", "range")]
    if module not in (None, package.module):
        found.insert(0, _renamed(package, str(module), new))
    found += document_findings(package, old.documents)
    return [*found, *file_findings(package, old.data["files"], found)]


def _renamed(package: Package, module: str, new: Surface) -> Finding:
    said = f"the import package was {module} and is {package.module}: every import of it breaks"
    return Finding(Step.major, "api", module, "import path", said, new.home)
