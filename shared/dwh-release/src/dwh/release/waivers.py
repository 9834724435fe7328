"""Waivers: findings that a person answers for, in `waivers.toml` of a package.

    [[waiver]]
    finding = "carrier_delays.LATE_MINUTES:value"
    reason = "14 was a typing error; the contract always said 15"
    expires = 2027-01-31

A waived finding counts as a fix, and is told in the notes. A waiver that is over, that lasts for more
than a year, or that no finding needs, fails the gate, so that none is forgotten; `prepare` removes the
file with the release that used it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from dwh.release.errors import FragmentError
from dwh.release.findings import Finding
from dwh.release.fragments import toml_tables
from dwh.release.repository import Package
from dwh.release.versions import Step

__all__ = ["Waiver", "read_waivers", "waive"]

FILE = "waivers.toml"
_LONGEST = timedelta(days=366)


@dataclass(frozen=True)
class Waiver:
    """One waiver: the id of a finding, why it is no more than a fix, and until when that is accepted."""

    finding: str
    reason: str
    expires: date


def read_waivers(package: Package) -> list[Waiver]:
    """Return the waivers of a package; raises FragmentError."""
    path = package.folder / FILE
    if not path.is_file():
        return []
    doing = f"reading {package.relative(FILE)}"
    return [_waiver(doing, entry) for entry in toml_tables(path, "waiver", doing)]


def waive(findings: Iterable[Finding], waivers: list[Waiver], today: date) -> tuple[list[Finding], list[str]]:
    """Lower the waived findings to fixes; returns them all, and what is wrong with the waivers."""
    latest = today + _LONGEST
    lasting = {waiver.finding: waiver for waiver in waivers if today <= waiver.expires <= latest}
    problems = [
        f"the waiver of {w.finding} expired on {w.expires}: decide again, then renew or remove it in {FILE}"
        for w in waivers
        if w.expires < today
    ]
    problems += [
        f"the waiver of {w.finding} lasts until {w.expires}, and a year is the longest: set it to {latest}"
        for w in waivers
        if w.expires > latest
    ]
    lowered, used = [], set()
    for finding in findings:
        waiver = lasting.get(finding.id)
        if waiver and finding.step > Step.patch:
            used.add(finding.id)
            finding = replace(finding, step=Step.patch, waived=waiver.reason)
        lowered.append(finding)
    unused = sorted(lasting.keys() - used)
    problems += [f"the waiver of {name} covers nothing: remove it from {FILE}" for name in unused]
    return lowered, problems


def _waiver(doing: str, entry: object) -> Waiver:
    allowed = 'write finding = "path:aspect", reason = "…" and expires = 2027-01-31'
    if not isinstance(entry, dict) or entry.keys() != {"finding", "reason", "expires"}:
        raise FragmentError(doing, f"{entry!r} is not a waiver", allowed)
    expires = entry["expires"]
    if not isinstance(expires, date) or isinstance(expires, datetime):
        raise FragmentError(doing, f"expires = {expires!r} is not a date", allowed)
    if not isinstance(entry["reason"], str) or len(entry["reason"].split()) < 3:
        raise FragmentError(doing, f"the waiver of {entry['finding']} gives no reason", allowed)
    return Waiver(str(entry["finding"]), entry["reason"], expires)
