"""Which code really runs: the release, and a digest of the files that were imported.

A release number says what someone meant to install. The digest says what is there: it is taken
from the files of the import package, so it is the same for a wheel and for the folder that the
wheel was built from.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, distribution
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

__all__ = ["Provenance", "State", "provenance"]

State = Literal["installed", "editable", "changed"]


@dataclass(frozen=True)
class Provenance:
    """The code of a distribution as this process imports it.

    Attributes:
        distribution, release: as the installed metadata names them.
        digest: SHA-256, in hexadecimal, over the lines `<SHA-256 of the file>  <path in the package>`
            of every file in the import package, sorted by path, bytecode aside.
        state: `installed` when the files are those that the installed wheel recorded, `changed`
            when one of them is not, `editable` for an editable install.
    """

    distribution: str
    release: str
    digest: str
    state: State


@cache
def provenance(distribution_name: str, package: str) -> Provenance:
    """Return the provenance of an import package, as it was when this process first asked."""
    found = distribution(distribution_name)
    hashes = {name: hashlib.sha256(content) for name, content in _files(files(package))}
    lines = "".join(f"{hashes[name].hexdigest()}  {name}\n" for name in sorted(hashes))
    recorded = {
        name: base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()
        for name, digest in hashes.items()
    }
    state: State = "editable" if _is_editable(found) else "changed"
    if state == "changed" and recorded == _recorded(found, package):
        state = "installed"
    return Provenance(found.name, found.version, hashlib.sha256(lines.encode()).hexdigest(), state)


def _files(folder: Traversable, path: str = "") -> Iterator[tuple[str, bytes]]:
    """Yield every file below a folder, which may be in a zip: its path, and what it holds."""
    for item in folder.iterdir():
        if item.is_file():
            yield path + item.name, item.read_bytes()
        elif item.name != "__pycache__":
            yield from _files(item, f"{path}{item.name}/")


def _is_editable(found: Distribution) -> bool:
    origin = json.loads(found.read_text("direct_url.json") or "{}")
    return bool(origin.get("dir_info", {}).get("editable", False))


def _recorded(found: Distribution, package: str) -> dict[str, str]:
    """Return the hashes of the package's files as the wheel's RECORD has them."""
    folder = package.replace(".", "/") + "/"
    return {
        path.as_posix().removeprefix(folder): path.hash.value
        for path in found.files or ()
        if path.as_posix().startswith(folder) and path.hash is not None
    }
