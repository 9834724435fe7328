"""What a command prints can change neither what it does nor how it ends."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TextIO, cast

__all__ = ["column_widths", "is_unicode", "steadily", "steady", "takes_styles"]


class _Steady:
    """A stream that takes everything, and remembers why it could not pass something on."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.lost: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        """Write, or forget what can no longer be written."""
        if not isinstance(text, str):  # which is how libraries ask whether a stream is binary
            raise TypeError(f"text is written here, not {type(text).__name__}")
        self._try(lambda: self.stream.write(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Flush what can be written."""
        self._try(self.stream.flush)

    def _try(self, write: Callable[[], object]) -> None:
        try:
            if self.lost is None:
                write()
        except OSError as problem:
            self.lost = problem


def steady(stream: TextIO) -> TextIO:
    """Return a stream that never fails: what its encoding lacks is spelled `\\u2192`."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return cast(TextIO, _Steady(stream))


def takes_styles(stream: TextIO) -> bool:
    """Return whether a stream is a terminal that knows styles, where nobody has set NO_COLOR against them."""
    return stream.isatty() and not (os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb")


def is_unicode(stream: TextIO) -> bool:
    """Return whether a stream has every character."""
    return (getattr(stream, "encoding", None) or "utf-8").lower().startswith("utf")


def column_widths(columns: Sequence[Sequence[str]], room: int, whole: bool = False) -> list[int] | None:
    """Return how wide each column of a table is, so that cells are folded between words, and no word is.

    Parameters:
        columns: the cells of each column.
        room: how many characters all columns together have.
        whole: whether no cell is folded at all.

    Returns None where the room is too small for that.
    """
    widths = [max(map(len, column)) for column in columns]
    found = widths if whole else [max(map(_longest_word, column)) for column in columns]
    if sum(found) > room:
        return None
    while (spare := room - sum(found)) > 0 and (narrow := [n for n, w in enumerate(found) if w < widths[n]]):
        for place in narrow[:spare]:
            found[place] += 1
    return found


def _longest_word(text: str) -> int:
    return max(map(len, text.split()), default=0)


def steadily(command: Callable[[], int | None]) -> int:
    """Run a command whose output may be a closed pipe or a full disk; return what to exit with.

    Parameters:
        command: returns its exit code, or None where it has nothing to say but what it printed. Then
            0 becomes 1 when that was lost, other than to a reader who has stopped reading.
    """
    _open_standard_streams()
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = map(steady, (sys.stdout, sys.stderr))
    streams = cast("tuple[_Steady, _Steady]", (sys.stdout, sys.stderr))
    try:
        code = command()
        lost = _finish(streams[0])
        _finish(streams[1])
    finally:
        sys.stdout, sys.stderr = before
    return code if code is not None else int(lost)


def _finish(stream: _Steady) -> bool:
    """Return whether output was lost to more than a reader who has stopped reading."""
    stream.flush()
    if stream.lost is None:
        return False
    if stream is sys.stdout and stream.lost.errno != errno.EPIPE:
        print(f"error: the output could not be written: {stream.lost.strerror}", file=sys.stderr)
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.stream.fileno())  # or Python complains at exit
    return stream.lost.errno != errno.EPIPE


def _open_standard_streams() -> None:
    """Give a process that was started with closed streams ones that lead nowhere."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:  # the system gives the lowest that is free
        pass
    os.close(descriptor)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)
