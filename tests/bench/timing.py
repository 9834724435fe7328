"""How the benchmarks measure: everything in one process, in turns, as ratios.

The machine's other work disturbs whoever is measured, so each contender runs once in every round,
and the ratio of medians is what counts. Seconds are shown to give an idea of the size. Processor time
depends less on that other work than the clock on the wall.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

__all__ = ["in_turns", "measured", "print_ratios", "processor_time"]

Clock = Callable[[], float]


def in_turns(contenders: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median seconds of each contender over some rounds, after one that does not count."""
    return measured(contenders, rounds, time.perf_counter)[0]


def measured(
    contenders: Mapping[str, Callable[[], object]], rounds: int, *clocks: Clock
) -> list[dict[str, float]]:
    """Return the same by each of several clocks; without rounds, the first one counts."""
    spent: list[dict[str, list[float]]] = [{name: [] for name in contenders} for _ in clocks]
    for number in range(rounds + 1):
        for name, work in contenders.items():
            started = [clock() for clock in clocks]
            work()
            for seconds, clock, before in zip(spent, clocks, started, strict=True):
                seconds[name] += [clock() - before] if number or not rounds else []
    return [{name: statistics.median(values) for name, values in seconds.items()} for seconds in spent]


def processor_time() -> float:
    """Return the processor seconds that this process and its children, such as Spark's JVM, have used."""
    import psutil

    own = psutil.Process()
    times = [process.cpu_times() for process in (own, *own.children(recursive=True))]
    return sum(time.user + time.system for time in times)


def print_ratios(title: str, seconds: Mapping[str, float], aims: Mapping[str, float] | None = None) -> None:
    """Print seconds and the ratio to the first contender, with the aim where there is one."""
    floor = next(iter(seconds.values()))
    print(f"\n{title}", flush=True)
    for name, value in seconds.items():
        aim = (aims or {}).get(name)
        verdict = "" if aim is None else f"   aim {aim:.2f}: {'met' if value / floor <= aim else 'missed'}"
        print(f"  {name:<44} {value:8.2f} s   {value / floor:6.2f} ×{verdict}", flush=True)
