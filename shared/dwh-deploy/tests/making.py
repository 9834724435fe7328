"""Small wheels as a build backend would write them, and a configuration that may be uploaded."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

SETTINGS = """\
warehouse = "s3://flights-warehouse/warehouse"
environment = "prod"

[sources.flights]
format = "csv"
path = "s3://flights-landing/flights"
options = { header = true, nullValue = "NA" }

[sources.airlines]
format = "csv"
path = "s3://flights-landing/airlines.csv"
options = { header = true }
"""


def write_wheel(
    folder: Path,
    name: str,
    version: str,
    *,
    requires: tuple[str, ...] = (),
    python: str = ">=3.10",
    line: str = "",
    files: Mapping[str, str] | None = None,
    tag: str = "py3-none-any",
) -> Path:
    """Write a wheel as a build backend would, and return its path."""
    stem = f"{name.replace('-', '_')}-{version}"
    own = f"{stem}.dist-info"
    metadata = ["Metadata-Version: 2.3", f"Name: {name}", f"Version: {version}", f"Requires-Python: {python}"]
    contents = {
        **(files or {}),
        f"{own}/METADATA": "\n".join([*metadata, *(f"Requires-Dist: {need}" for need in requires), ""]),
        f"{own}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    if line:
        package = f"dwh.jobs.v{line.replace('.', '_')}_0"
        contents[f"{own}/entry_points.txt"] = f"[dwh.lines]\n{line} = {package}:LINE\n"
    record = [f"{path},sha256={digest(text)},{len(text)}" for path, text in contents.items()]
    path = folder / f"{stem}-{tag}.whl"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in contents.items():
            archive.writestr(file, text)
        archive.writestr(f"{own}/RECORD", "\n".join([*record, f"{own}/RECORD,,", ""]))
    return path


def digest(text: str) -> str:
    """Return a hash as a RECORD has it."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
