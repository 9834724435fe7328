"""How a comparison was measured, as names and texts: what a reader needs to trust it or repeat it.

Texts are `visible` and bounded, as in `view`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dwh.compare.report.view import name
from dwh.compare.safe_text import count, exact, plural, prose, quantity, shorten
from dwh.compare.share import exact_share, percents
from dwh.compare.tolerance import Tolerance, percentage

if TYPE_CHECKING:
    from dwh.compare.model import Comparison, Measurement, Threshold

__all__ = ["confidence", "measured", "sides", "thresholds"]

_STEPS = {
    "ledger": "fingerprints from the ledger, no scan",
    "collected": "rows collected here, one scan per side, as they are few",
    "fingerprint": "fingerprints, one scan per side, no join",
    "buckets": "fingerprints, then a join of the buckets that differ",
    "join": "a join on the key",
}


def confidence(comparison: Comparison) -> str:
    """In one phrase: by which step, and whether value by value or by fingerprint."""
    how = comparison.measurement
    bits = f"{how.hash_bits}-bit " if how.hash_bits else ""
    surety = "exact, value by value" if how.exact else f"equality by {bits}fingerprint"
    return f"{_STEPS[how.step]}; {surety}"


def sides(comparison: Comparison) -> tuple[tuple[str, str, str], ...]:
    """What is known of either side, line by line: a name, the left, the right."""
    left, right = comparison.left.provenance, comparison.right.provenance
    known = dict.fromkeys([*left, *right])
    facts = tuple((name(fact), _said(left.get(fact)), _said(right.get(fact))) for fact in known)
    return (("compared", name(comparison.left.label), name(comparison.right.label)), *facts)


def thresholds(comparison: Comparison) -> tuple[str, ...]:
    """The limits that were set, what was found, and whether they held."""
    return tuple(map(_threshold, comparison.thresholds))


def measured(comparison: Comparison) -> tuple[tuple[str, str], ...]:
    """Everything else about the measurement; nothing that touched a number is left out."""
    how = comparison.measurement
    facts = {
        "step": confidence(comparison),
        "key": ", ".join(map(name, how.key)) or "none: rows compared as a multiset",
        "tolerances": "; ".join(f"{name(column)}: {_within(used)}" for column, used in how.tolerances.items())
        or "none",
        "rules": "; ".join(
            f"{name(column)}: {', '.join(map(name, used))}" for column, used in how.rules.items()
        ),
        "ignored columns": ", ".join(map(name, how.ignored)) or "none",
        "renamed columns": ", ".join(f"{name(old)} → {name(new)}" for old, new in how.renamed.items())
        or "none",
        "thresholds": "; ".join(thresholds(comparison)) or "none",
        "-0.0 and 0.0": "different" if how.signed_zero else "equal",
        "rows read by the join": count(how.rows_joined),
        "buckets that differ": _buckets(how),
        "time": _times(how.seconds),
        "versions": ", ".join(f"{name(part)} {name(version)}" for part, version in how.versions.items()),
        "notes": " ".join(map(prose, how.notes)),
    }
    return tuple((fact, said) for fact, said in facts.items() if said)


def _within(used: Tolerance) -> str:
    absolute = f"±{exact(used.absolute)}" if used.absolute else ""
    relative = f"±{exact(percentage(used.relative))} %" if used.relative else ""
    return " or ".join(filter(None, (absolute, relative))) or "±0"


def _threshold(threshold: Threshold) -> str:
    outcome = "held" if threshold.held else "exceeded"
    shares = percents(exact_share(threshold.found), exact_share(threshold.limit), 6)
    found, limit = (share.rstrip("0").rstrip(".") for share in shares)
    return f"{name(threshold.name)}: found {found} %, limit {limit} %, {outcome}"


def _buckets(how: Measurement) -> str:
    if how.buckets is None or how.buckets_differing is None:
        return ""
    return f"{count(how.buckets_differing)} of {plural(how.buckets, 'bucket')}"


def _times(seconds: Mapping[str, float]) -> str:
    total = seconds.get("total")
    steps = ", ".join(
        f"{name(step)} {quantity(round(time, 2))} s" for step, time in seconds.items() if step != "total"
    )
    if total is None:
        return steps
    return f"{quantity(round(total, 2))} s" + (f" ({steps})" if steps else "")


def _said(known: Any) -> str:
    """A fact of a side: text as it is, a list or a mapping of texts in a row, anything else as JSON."""
    if known is None:
        return ""
    if isinstance(known, Mapping) and all(map(_simple, known.values())):
        known = [f"{part}: {value}" for part, value in known.items()]
    if isinstance(known, list | tuple) and all(map(_simple, known)):
        known = ", ".join(map(str, known))
    return shorten(str(known) if _simple(known) else json.dumps(known, ensure_ascii=False, default=str), 400)


def _simple(known: Any) -> bool:
    return isinstance(known, str | int | float)
