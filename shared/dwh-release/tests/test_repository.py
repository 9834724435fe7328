"""What is read of a monorepo as a whole."""

from __future__ import annotations

from monorepo import Monorepo

OLD, LIB = "packages/dwh-v0_1/pyproject.toml", "shared/dwh-extra/pyproject.toml"


def test_packages_come_in_an_order_in_which_they_can_be_released(repo: Monorepo) -> None:
    """Each after those that it requires, wherever their folders are, and also for an extra."""
    assert [package.name for package in repo.repository().packages][-1] == "dwh-extra"
    repo.replace(OLD, "[tool.dwh]", '[project.optional-dependencies]\nall = ["Dwh_Extra>=0.1"]\n\n[tool.dwh]')
    names = [package.name for package in repo.repository().packages]
    assert names.index("dwh-extra") < names.index("dwh-v0_1")


def test_packages_that_require_each_other_are_refused(repo: Monorepo) -> None:
    """Neither could be released first, and the error names both."""
    repo.replace(OLD, "[tool.dwh]", '[project.optional-dependencies]\nall = ["dwh-extra"]\n\n[tool.dwh]')
    repo.replace(LIB, "[tool.dwh]", '[project.optional-dependencies]\nall = ["dwh-v0_1"]\n\n[tool.dwh]')
    said = repo.run("status")
    assert said.code != 0 and "they require each other: dwh-" in said.err
    repo.replace(LIB, 'all = ["dwh-v0_1"]', 'all = ["dwh v0 1"]')
    said = repo.run("status")
    assert said.code != 0 and f"reading {LIB}" in said.err
