"""Other file systems to read a line under: what it asks for there is absent, a file, or a folder.

Only what the line's own modules ask for counts, and not what is in the folders that Python imports from.
"""

# pathlib asks through what is replaced here.
# ruff: noqa: PTH100, PTH118, PTH120

from __future__ import annotations

import builtins
import contextlib
import errno
import io
import os
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from dwh.release._inspection.replacing import replaced

__all__ = ["Files", "other_files", "watched_files"]

# They ask on behalf of whoever calls them.
_BETWEEN = ("os", "io", "glob", "pathlib", "genericpath", "posixpath", "shutil", "fnmatch", "tempfile")
_Answer = Callable[..., Any]


class Files:
    """Which paths beside its own a package has asked for."""

    def __init__(self, package: str) -> None:
        self.asked: set[str] = set()
        self._package = package
        folders = {*filter(None, sys.path), sys.prefix, sys.base_prefix}
        kinds = (os.path.abspath, os.path.realpath)
        self._own = tuple(os.path.join(kind(folder), "") for folder in folders for kind in kinds)

    def is_foreign(self, path: object) -> bool:
        """Return whether the package's own code asks for a path that Python does not import from."""
        if not isinstance(path, str | bytes | os.PathLike) or not self._is_asking():
            return False
        place = os.path.abspath(os.fsdecode(path))
        return not os.path.join(place, "").startswith(self._own)

    def _is_asking(self) -> bool:
        frame: FrameType | None = sys._getframe(1)
        while frame and (_module(frame) == __name__ or _module(frame).partition(".")[0] in _BETWEEN):
            frame = frame.f_back
        return f"{_module(frame)}.".startswith(f"{self._package}.") if frame else False


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


@contextlib.contextmanager
def watched_files(package: str) -> Iterator[Files]:
    """Note which files beside its own a package asks for."""
    files = Files(package)

    def noted(real: _Answer) -> _Answer:
        def ask(path: object = ".", *arguments: Any, **options: Any) -> Any:
            if files.is_foreign(path):
                files.asked.add(os.fsdecode(path))  # type: ignore[arg-type]
            return real(path, *arguments, **options)

        return ask

    with _answering({name: noted(getattr(os, name)) for name in _NOTHING}, noted(open)):
        yield files


def other_files(files: Files) -> Iterator[tuple[str, Any]]:
    """Yield a label and a context manager for each kind of what may be where a package has asked."""
    names = ", ".join(sorted(files.asked))
    for label, answers, opened in (
        (f"without the file {names}", _NOTHING, _absent),
        (f"with another file {names}", _FILE, _empty),
        (f"with a folder {names}", _FOLDER, _is_folder),
    ):
        yield (
            label,
            _answering(
                {name: _unless(files, getattr(os, name), answer) for name, answer in answers.items()},
                _unless(files, open, opened),
            ),
        )


def _unless(files: Files, real: _Answer, answer: _Answer) -> _Answer:
    def ask(path: object = ".", *arguments: Any, **options: Any) -> Any:
        chosen = answer if files.is_foreign(path) else real
        return chosen(path, *arguments, **options)

    return ask


def _answering(answers: dict[str, _Answer], opened: _Answer) -> Any:
    return replaced(
        *((os, name, answer) for name, answer in answers.items()),
        (builtins, "open", opened),
        (io, "open", opened),
    )


def _failing(number: int) -> _Answer:
    def fail(path: object, *_: Any, **__: Any) -> Any:
        raise OSError(number, os.strerror(number), path)

    return fail


_absent, _is_file, _is_folder = map(_failing, (errno.ENOENT, errno.ENOTDIR, errno.EISDIR))
_real_stat, _real_open = os.stat, os.open


def _empty(path: object, mode: str = "r", *_: Any, **__: Any) -> Any:
    return io.BytesIO() if "b" in mode else io.StringIO()


class _Entries(contextlib.AbstractContextManager[Any]):
    """The entries of an empty folder, as `os.scandir` gives them."""

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __exit__(self, *_: object) -> None:
        pass

    def close(self) -> None:
        """Do nothing: nothing is open."""


def _stat_of(path: str) -> _Answer:
    return lambda *_, **__: _real_stat(path)


_NOTHING: dict[str, _Answer] = {
    **dict.fromkeys(("stat", "lstat", "listdir", "scandir", "readlink", "open"), _absent),
    "access": lambda *_, **__: False,
}
_FILE: dict[str, _Answer] = {
    **dict.fromkeys(("listdir", "scandir", "readlink"), _is_file),
    **dict.fromkeys(("stat", "lstat"), _stat_of(__file__)),
    "access": lambda *_, **__: True,
    "open": lambda path, flags, *_, **__: _real_open(os.devnull, flags),
}
_FOLDER: dict[str, _Answer] = {
    **dict.fromkeys(("stat", "lstat"), _stat_of(os.path.dirname(__file__))),
    **dict.fromkeys(("readlink", "open"), _is_folder),
    "access": lambda *_, **__: True,
    "listdir": lambda *_, **__: [],
    "scandir": lambda *_, **__: _Entries(),
}
