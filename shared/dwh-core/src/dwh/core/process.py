"""Which process began a run. Neither the name of a host nor a number tells it from all others.

Containers share names, machines start again, and numbers are given anew. So a run keeps the boot of the
kernel, the namespace in which its number counts, and when it began, all as Linux says them. Where these are
unknown or differ, the process is somewhere else, and nothing can be seen of it from here.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path

__all__ = ["has_ended", "this_process"]

_PROC = Path("/proc")


def this_process() -> dict[str, str]:
    """Return what tells this process from any other; empty where the system does not say."""
    try:
        return {**_here(), "started": _state_and_start(os.getpid())[1]}
    except OSError:
        return {}


def has_ended(process: Mapping[str, str] | None, host: str, pid: int) -> bool | None:
    """Return whether a process has ended, None where that cannot be seen from here.

    Parameters:
        process: what `this_process` returned in it; None or empty where that is not known.
        host: the name of its machine.
        pid: its number there.
    """
    try:
        here = _here()
        if not process or pid <= 0 or host != socket.gethostname() or not here.items() <= process.items():
            return None
        os.kill(pid, 0)
        state, started = _state_and_start(pid)
    except ProcessLookupError:
        return True
    except PermissionError:  # another user's
        return _is_another(process, pid)
    except OSError:  # it ends just now, or its user hides it
        return False
    return state == "Z" or started != process["started"]  # "Z": it has ended, and nobody has asked how


def _is_another(process: Mapping[str, str] | None, pid: int) -> bool:
    try:
        return process is not None and _state_and_start(pid)[1] != process["started"]
    except OSError:
        return False


def _here() -> dict[str, str]:
    """Return the boot of the kernel, and the namespace of this process's number; raises OSError."""
    boot = (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
    return {"boot": boot, "pid_namespace": str((_PROC / "self/ns/pid").readlink())}


def _state_and_start(pid: int) -> tuple[str, str]:
    """Return the state of a process, and when it began, in ticks since the boot; raises OSError."""
    # See proc_pid_stat(5): the name, in brackets, may hold anything.
    fields = (_PROC / str(pid) / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    return fields[0], fields[19]
