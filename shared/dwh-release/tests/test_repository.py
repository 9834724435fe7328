"""What is read of a monorepo as a whole."""

from __future__ import annotations

import json

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


def test_a_fix_of_a_shared_library_out_of_a_line_s_reach_is_unported(repo: Monorepo) -> None:
    """A line whose range ends before the fix lacks it; one that could take it does not."""
    repo.replace(OLD, '"dwh-core>=0.1,<1"', '"dwh-core>=0.1,<1", "dwh-extra<0.4.1"')
    main = OLD.replace("v0_1", "v0_2")
    repo.replace(main, '"dwh-core>=0.1,<1"', '"dwh-core>=0.1,<1", "dwh-extra<0.5"')
    library = repo.repository().package("dwh-extra")
    module = next(library.module_folder.glob("*.py")).relative_to(repo.root).as_posix()
    repo.write(module, f"{repo.read(module)}\n_ROUNDS = True\n")
    repo.write(f"{library.path}/changes/rounding.fix.md", "Amounts are rounded half to even.\n")
    repo.commit("Round")
    assert repo.run("prepare", "dwh-extra", "patch").code == 0
    found = json.loads(repo.run("unported", "--json").out)
    assert [(f["fix"], f["in"], f["lacks"]) for f in found] == [("rounding", ["dwh-extra"], "dwh-v0_1")]
    decision = ("--decision", "not affected", "--reason", "this line rounds nothing at all")
    assert repo.run("unported", "rounding", "--in", "dwh-v0_1", *decision).code == 0
    assert json.loads(repo.run("unported", "--json").out) == []
