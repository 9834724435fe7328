"""A bundle: what a cluster's executors need to run the Python functions of a line.

    spark-submit --py-files dwh-v0_1-0.1.1.zip …

It holds the line's package and dwh-core with their metadata, and nothing that only a driver needs. A
wheel would not do: without entries for its folders, Python does not find a namespace in a zip.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from dwh.core.distributions import brought_lines
from dwh.core.errors import DwhError, UsageError, listed
from dwh.core.lines import InstalledLine, example_requirement, find_line
from dwh.core.provenance import State, provenance

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

__all__ = ["Bundle", "BundleError", "make_bundle", "write_bundle", "zipped"]

_PINNED = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<release>[A-Za-z0-9.+!-]+)")
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say: its bytes must not depend on the day
_CORE = ("dwh-core", "dwh.core")


class BundleError(DwhError):
    """A bundle cannot be made, or not be written where it should be."""

    code = "DWH931"


@dataclass(frozen=True)
class Bundle:
    """A bundle of one release.

    Attributes:
        name: of its file.
        content: its bytes, the same wherever it is made.
        states: of what it holds, by distribution; see `dwh.core.provenance`.
    """

    name: str
    content: bytes
    states: Mapping[str, State]

    @property
    def digest(self) -> str:
        """Its SHA-256, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


def make_bundle(pinned: str) -> Bundle:
    """Return the bundle of a release that is installed here.

    Parameters:
        pinned: such as `dwh-v0_1==0.1.1`.

    Raises UsageError when that release is not installed, and BundleError when what is installed is not
    what was released.
    """
    line = _installed(pinned)
    members: dict[str, bytes] = {}
    states: dict[str, State] = {}
    for name, package in ((line.distribution, line.package), _CORE):
        states[name] = provenance(name, package).state
        if states[name] == "changed":
            raise BundleError(
                f"{name} is not what was released: a file of {package} was changed; "
                f"type: pip install --force-reinstall --no-deps {name}=={distribution(name).version}"
            )
        members |= _members(name, package, states[name] == "editable")
    return Bundle(f"{line.distribution}-{line.release}.zip", zipped(members), states)


def write_bundle(bundle: Bundle, target: Path) -> None:
    """Write a bundle; raises BundleError when the file is there and holds something else."""
    unfinished = target.with_name(f"{target.name}.{os.getpid()}.new")
    try:
        unfinished.write_bytes(bundle.content)
        os.link(unfinished, target)  # unlike a rename, it never replaces what is there
    except FileExistsError:
        if target.is_dir() or target.read_bytes() != bundle.content:
            raise BundleError(
                f"{target} exists and is not this bundle; a bundle never changes: "
                "remove it, or choose another name with --output"
            ) from None
    except OSError as error:
        raise BundleError(f"cannot write {target}: {error.strerror}") from None
    finally:
        unfinished.unlink(missing_ok=True)


def _installed(pinned: str) -> InstalledLine:
    match = _PINNED.fullmatch(pinned)
    if match is None:
        raise UsageError(f"{pinned!r}: write DISTRIBUTION==RELEASE, such as {example_requirement()}")
    lines = brought_lines().values()
    releases = listed(f"{line.distribution}=={line.release}" for line in lines)
    for line in lines:
        if _normal(line.distribution) == _normal(match["name"]) and line.release == match["release"]:
            return find_line(line.name)
    raise UsageError(f"{pinned} is not installed (installed: {releases}); type: pip install {pinned}")


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _members(name: str, package: str, editable: bool) -> dict[str, bytes]:
    """Return the files of a package and the metadata that says what it is, by their path in the zip."""
    folder = package.replace(".", "/")
    members = {f"{folder}/{path}": content for path, content in _files(files(package))}
    try:
        found = distribution(name)
    except PackageNotFoundError:
        raise BundleError(f"{name} is not installed") from None
    info = f"{name.replace('-', '_')}-{found.version}.dist-info"
    texts = {file: found.read_text(file) for file in ("METADATA", "entry_points.txt")}
    if editable:  # and stays so, for whoever asks the bundle what it is
        texts["direct_url.json"] = json.dumps({"url": "file:///", "dir_info": {"editable": True}})
    members |= {f"{info}/{file}": text.encode() for file, text in texts.items() if text}
    record = "".join(f"{path},sha256={_hash(content)},{len(content)}\n" for path, content in members.items())
    return {**members, f"{info}/RECORD": f"{record}{info}/RECORD,,\n".encode()}


def _files(folder: Traversable, path: str = "") -> Iterator[tuple[str, bytes]]:
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        if item.is_file():
            yield path + item.name, item.read_bytes()
        elif item.name != "__pycache__":
            yield from _files(item, f"{path}{item.name}/")


def _hash(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def zipped(members: Mapping[str, bytes]) -> bytes:
    """Return a zip of files, given by path, with an entry for each folder.

    It is not compressed, as compressors differ between machines and the bytes must not.
    """
    folders = {f"{parent}/" for path in members for parent in PurePosixPath(path).parents if parent.name}
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w") as archive:
        for path in sorted({*members, *folders}):
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.create_system = 3  # Unix, wherever it is made
            entry.external_attr = (0o40755 << 16 | 0x10) if path.endswith("/") else 0o100644 << 16
            archive.writestr(entry, members.get(path, b""))
    return result.getvalue()
