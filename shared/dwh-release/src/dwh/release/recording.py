"""Record a release again that was prepared, and is not committed: nobody can know it yet."""

from __future__ import annotations

from datetime import date

from dwh.release.differences import differences, promised
from dwh.release.edits import Edits
from dwh.release.errors import GateError, RecordError
from dwh.release.index import has_release
from dwh.release.record import Record, Records, make_record
from dwh.release.repository import Package, Repository
from dwh.release.surface import Surface, read_surface
from dwh.release.versions import Step

__all__ = ["record_again"]


def record_again(repository: Repository, package: Package) -> Record:
    """Record the surface of the newest release again, as the tree has it now.

    Raises RecordError for a release that a tag, the changelog at HEAD or the index knows, and GateError
    where the tree is more than that release may be, compared with the release before.
    """
    doing = f"recording {package.name} {package.version} again"
    records = Records(repository.git, package)
    last = records.last
    if last is None or last.version != package.version:
        raise RecordError(doing, "it has not been prepared", f"type: dwh-release prepare {package.name}")
    _require_unknown(repository, package, records, doing)
    before = records.all[-2] if len(records.all) > 1 else None
    surface = read_surface(repository, package, before.data["api"] if before else ())
    if before:
        _require_allowed(package, before, last, surface)
    day = date.fromisoformat(last.data["date"])
    record = make_record(package, last.version, surface, last.fixes, before, day, last.waived)
    with Edits(repository.git) as edits:
        edits.write(records.path(last.version), record.text())
    return record


def _require_unknown(repository: Repository, package: Package, records: Records, doing: str) -> None:
    following = f"type: dwh-release prepare {package.name}, for another release"
    if package.tag in repository.git.history.tags:
        raise RecordError(doing, f"tag {package.tag} exists, and a release never changes", following)
    if package.version in records.known("HEAD"):
        raise RecordError(
            doing,
            f"{package.relative('CHANGELOG.md')} at HEAD knows it, and a release never changes",
            "if its commit is the last one, and yours alone, take it back: git reset --soft HEAD^; else "
            f"{following}",
        )
    if has_release(package.name, package.version):
        raise RecordError(doing, "the package index has it, and a release never changes", following)


def _require_allowed(package: Package, before: Record, last: Record, surface: Surface) -> None:
    """Raise GateError where the tree breaks more than the release did that was recorded."""
    recorded = promised(before, last.surface)
    allowed = max([Step.patch, *(f.step for f in recorded if f.id not in last.waived)])
    found = differences(package, before, before.module, surface)
    above = [finding for finding in found if finding.step > allowed and finding.id not in last.waived]
    if above:
        raise GateError(
            package.name,
            [f"{f.place}: {f.message}: {last.version} holds {allowed.meaning} at most" for f in above],
        )
