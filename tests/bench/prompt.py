"""What typing a command costs: each as a process of its own, beside Python alone.

`nox -s bench` runs it, in a folder that the demo has filled; `dwh-release` looks at this repository.
Processor time, user and system, is what to look at on a machine that does other work, too; on one that does
nothing else it is nearly what the clock says.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOME = ROOT / ".demo"
ROUNDS = 5
# Commands, and the aim in seconds of the clock.
AIMS = {
    "--help": 0.3,
    "jobs": 0.3,
    "": 0.4,
    "history flights.carrier_delays": 0.4,
    "pins": 0.4,
    "board": 0.4,
    "rollout status": 0.4,
    "gc --dry-run": 0.4,
    "rollout history airport_traffic --env prod": 0.4,
    "completion bash": 0.4,
    "compare airport_traffic@0.1 airport_traffic@0.2 --date 2013-01-15": 0.4,
    "compare airport_traffic@0.1 airport_traffic@0.2 --from 2013-01-01 --to 2013-01-31": 0.4,
    "compare airport_traffic@0.1 airport_traffic@0.2 --from 2013-01-01 --to 2013-01-31 --json": 0.4,
    "show flights.carrier_delays --line 0.1 --limit 10": 1.0,
}
RELEASE_AIMS = {"check dwh-v0_1": 1.5, "status": 2.0}


def main() -> None:
    """Print the quickest of some rounds of each command."""
    if not (HOME / "warehouse" / "ledger.db").is_file():
        print("running the demo first …", flush=True)
        demo = [sys.executable, ROOT / "docs" / "demo" / "demo.py", HOME]
        subprocess.run(demo, check=True, stdout=subprocess.DEVNULL)
    dwh = str(Path(sys.executable).with_name("dwh"))
    print(f"\n{'what is typed':<88} {'processor':>9} {'clock':>7} {'aim':>5}")
    _print("python -c pass", [sys.executable, "-c", "pass"], None)
    for command, aim in AIMS.items():
        _print(f"dwh {command}", [dwh, *command.split()], aim)
    for command, aim in RELEASE_AIMS.items():
        _print(f"dwh-release {command}", [f"{dwh}-release", *command.split()], aim, ROOT)


def _print(name: str, words: list[str], aim: float | None, folder: Path = HOME) -> None:
    times = [_timed(words, folder) for _ in range(ROUNDS)]
    processor, clock = (min(values) for values in zip(*times, strict=True))
    print(f"{name:<88} {processor:7.2f} s {clock:5.2f} s {aim or '':>5}", flush=True)


def _timed(words: list[str], folder: Path) -> tuple[float, float]:
    began = time.perf_counter()
    process = subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, used = os.wait4(process.pid, 0)
    return used.ru_utime + used.ru_stime, time.perf_counter() - began


if __name__ == "__main__":
    main()
