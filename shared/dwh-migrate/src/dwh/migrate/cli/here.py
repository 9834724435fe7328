"""What `dwh` alone does: say where one is."""

from __future__ import annotations

from dataclasses import asdict
from importlib.util import find_spec

from dwh.migrate.console import print_json, print_rows

__all__ = ["show_whereabouts"]

_STATES = {
    "ready": "",
    "none": ", not made yet: the first run makes it",
    "old": ", to be upgraded",
    "unusable": ", which cannot be used",
}


def show_whereabouts(as_json: bool) -> None:
    """Print the warehouse, environment, engine and lines here, what is under way, and what to type next."""
    from dwh.migrate.whereabouts import Whereabouts, whereabouts

    found: Whereabouts = whereabouts()
    if as_json:
        print_json({**asdict(found), "next": [hint._asdict() for hint in found.next]})
        return
    lines = (f"{line['line']} ({line['release']}, {line['status']})" for line in found.lines)
    facts = {
        "configuration": found.configuration,
        "warehouse": found.warehouse,
        "ledger": found.ledger["url"] + _STATES[found.ledger["state"]],
        "environment": found.environment,
        "engine": f"{found.engine['name']}, because {found.engine['because']}",
        "lines": ", ".join(lines) or "none installed",
    }
    if found.catalogs:
        ask = "; `dwh catalog status` says how they stand" if find_spec("dwh.catalog") else ""
        facts["catalogs"] = f"{', '.join(found.catalogs)}{ask}"
    print_rows(("here", ""), [*facts.items(), *(("problem", problem) for problem in found.problems)])
    if found.under_way:
        print()
        print_rows(("under way", ""), [tuple(each.values()) for each in found.under_way])
    print()
    print_rows(("next, type", "to"), found.next, whole=True)
