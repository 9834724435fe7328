"""How the benchmarks measure: everything in one process, in turns, as ratios.

The machine's other work disturbs whoever is measured, so each contender runs once in every round,
and the ratio of medians is what counts. Seconds are shown to give an idea of the size.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

__all__ = ["in_turns", "print_ratios"]


def in_turns(contenders: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median seconds of each contender over some rounds, after one that does not count."""
    spent: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, work in contenders.items():
            started = time.perf_counter()
            work()
            if number:
                spent[name].append(time.perf_counter() - started)
    return {name: statistics.median(seconds) for name, seconds in spent.items()}


def print_ratios(title: str, seconds: Mapping[str, float], aims: Mapping[str, float] | None = None) -> None:
    """Print seconds and the ratio to the first contender, with the aim where there is one."""
    floor = next(iter(seconds.values()))
    print(f"\n{title}", flush=True)
    for name, value in seconds.items():
        aim = (aims or {}).get(name)
        verdict = "" if aim is None else f"   aim {aim:.2f}: {'met' if value / floor <= aim else 'missed'}"
        print(f"  {name:<44} {value:8.2f} s   {value / floor:6.2f} ×{verdict}", flush=True)
