"""Environments in which a release is tried out: where they take what they install from."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from dwh.release.environment import Environment


def wheel(folder: Path, name: str, needs: str = "") -> Path:
    """Write a wheel with nothing but its metadata."""
    folder.mkdir(exist_ok=True)
    path, info = folder / f"{name}-1.0-py3-none-any.whl", f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        requires = f"Requires-Dist: {needs}\n" if needs else ""
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{requires}")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.mark.breadth
@pytest.mark.parametrize("with_uv", [True, False], ids=["uv", "pip"])
def test_the_settings_wheels_count_beside_the_release_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_uv: bool
) -> None:
    """A big library that the machine keeps as a wheel is not built again for each environment."""
    built = wheel(tmp_path / "dist", "ours", needs="kept")
    kept = str(wheel(tmp_path / "kept", "kept").parent)
    for name, value in {"NO_INDEX": "1", "FIND_LINKS": kept}.items():
        monkeypatch.setenv(f"UV_{name}", value)
        monkeypatch.setenv(f"PIP_{name}", value)
    if not with_uv:
        monkeypatch.setattr("dwh.release.environment.shutil.which", lambda _: None)
        monkeypatch.setattr("dwh.release.environment.Path.exists", lambda _: False)
    environment = Environment(tmp_path / "environment")
    environment.install([str(built)], built.parent)
    names = "from importlib.metadata import version; print(version('ours'), version('kept'))"
    assert environment.run("looking", "-c", names, cwd=tmp_path) == "1.0 1.0\n"
