"""`dwh venv`."""

from __future__ import annotations


def test_environments_made_by_uv_are_venvs(typed_dwh, tmp_path, monkeypatch):
    """As `--env` means an environment of the warehouse; what there is none of says how to make one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DWH_RELEASE_ENVIRONMENTS", str(tmp_path / "environments"))
    code, _, said = typed_dwh("venv", "list")
    assert (code, "type: dwh venv create dwh-v0_" in said) == (0, True)
    code, _, said = typed_dwh("env", "list")
    assert (code, "No such command 'env'" in said) == (2, True)
