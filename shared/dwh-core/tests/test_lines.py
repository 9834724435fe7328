"""Installed lines, their jobs, and references to them."""

from __future__ import annotations

import shutil
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwh.core import lines
from dwh.core.errors import (
    DefinitionError,
    DwhError,
    InvalidNameError,
    UnknownJobError,
    UnknownLineError,
    UnknownReleaseError,
)
from dwh.core.lines import (
    Reference,
    broken_lines,
    distribution_of_line,
    find_job,
    find_line,
    installed_lines,
    line_of,
)


@given(
    st.from_regex(r"[a-z][a-z0-9_]{0,62}", fullmatch=True),
    st.from_regex(r"[0-9]{1,3}\.[0-9]{1,3}(\.[0-9]{1,3})?", fullmatch=True),
)
def test_references_survive_text(job, version):
    """Every reference is read back from its text."""
    reference = Reference.parse(f"{job}@{version}")
    assert str(reference) == f"{job}@{version}"
    assert reference.exact == (version.count(".") == 2)


@given(st.text())
def test_text_is_a_reference_or_refused(text):
    """Whatever text is tried, it names a job in a line or release, or InvalidNameError."""
    with suppress(InvalidNameError):
        assert str(Reference.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "a",
        "a@",
        "@0.1",
        "a@1",
        "a@v0.1",
        "a@0.1@0.2",
        "a b@0.1",
        "../a@0.1",
        "a@0.١",
        "A@0.1",
        "a@0.1 ",
        "a@0.1.x/..",
    ],
)
def test_not_a_reference(text):
    """What is not JOB@LINE or JOB@RELEASE is refused, with an example."""
    with pytest.raises(InvalidNameError):
        Reference.parse(text)


def test_a_line_is_found_by_its_metadata(installed_line):
    """An installed line is known with its package, distribution, release and settings."""
    installed_line("7.1", release="7.1.4", status="maintenance", settings={"spark.sql.ansi.enabled": "false"})
    line = installed_lines()["7.1"]
    assert (line.name, line.package, line.distribution, line.release) == (
        "7.1",
        "dwh.jobs.v7_1_0",
        "dwh-v7_1",
        "7.1.4",
    )
    assert line.line.status == "maintenance"
    assert line.job_names() == ["takings"]


def test_lines_are_listed_oldest_first(installed_line):
    """Line 7.10 comes after line 7.9."""
    for name in ("7.10", "7.9"):
        installed_line(name)
    assert [name for name in installed_lines() if name.startswith("7.")] == ["7.9", "7.10"]


def test_private_modules_are_no_jobs(installed_line, takings):
    """A module whose name begins with an underscore is not a job."""
    installed_line("7.1", {"takings": takings(), "_shared": "X = 1\n"})
    assert installed_lines()["7.1"].job_names() == ["takings"]


def test_a_reference_finds_the_class(installed_line):
    """A reference to the line and one to the installed release find the same class."""
    installed_line("7.1", release="7.1.4")
    found = find_job("takings@7.1")
    assert found is find_job("takings@7.1.4")
    assert (found.__module__, found.name()) == ("dwh.jobs.v7_1_0.takings", "takings")
    assert line_of(found).name == "7.1"


def test_an_unknown_job(installed_line):
    """A job that the line lacks is refused, with those it has."""
    installed_line("7.1")
    with pytest.raises(UnknownJobError, match=r"no job 'taking' in line 7\.1 \(its jobs: takings\)"):
        find_job("taking@7.1")


def test_an_unknown_line(installed_line):
    """A line that is not installed is refused, with what to install."""
    installed_line("7.1")
    with pytest.raises(UnknownLineError, match=r"line 7\.2 is not installed .*pip install dwh-v7_2"):
        find_job("takings@7.2")


@pytest.mark.parametrize("release", ["7.1.3", "7.1.04", "7.1.4.dev1"])
def test_a_release_that_is_not_installed(installed_line, release):
    """A release other than the installed one is refused, with those that are installed."""
    installed_line("7.1", release="7.1.4")
    with pytest.raises(UnknownReleaseError, match=r"dwh-v7_1==7\.1\.4"):
        find_job(f"takings@{release}")


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("", "has one Job class; this one has 0"),
        ("import missing_library\n", "cannot be imported: ModuleNotFoundError: .*missing_library"),
        ("def broken(:\n", "cannot be imported: SyntaxError"),
        ("1 / 0\n", "cannot be imported: ZeroDivisionError"),
    ],
)
def test_a_module_that_is_no_job(installed_line, source, problem):
    """A job's module without a job, or one that fails to import, is reported by its name."""
    installed_line("7.1", {"takings": source})
    with pytest.raises(DefinitionError, match=rf"dwh\.jobs\.v7_1_0\.takings: .*{problem}"):
        find_job("takings@7.1")


def test_two_jobs_in_a_module(installed_line, takings):
    """Two jobs in a module are refused: the module's name could only name one."""
    installed_line("7.1", {"takings": takings() + "\nclass More(Takings):\n    pass\n"})
    with pytest.raises(DefinitionError, match="one Job class; this one has 2"):
        find_job("takings@7.1")


BROKEN = ["LINE = 1\n", "\n", "import missing_library\n", "raise SystemExit\n", "def broken(:\n"]


@pytest.mark.parametrize("init", BROKEN)
def test_a_broken_line_stops_only_what_asks_for_it(installed_line, init):
    """A line that cannot be imported, or is none, is reported where it is asked for; others run."""
    installed_line("7.1")
    installed_line("7.2", init=init)
    for broken in ("takings@7.2", "takings@7.2.0"):
        with pytest.raises(DefinitionError, match=r"7[._]2"):
            find_job(broken)
    assert line_of(find_job("takings@7.1")).name == "7.1"
    assert "7.1" in installed_lines() and "7.2" not in installed_lines()
    assert list(broken_lines()) == ["7.2"]


def test_a_missing_dependency_says_how_to_find_it(installed_line):
    """A line whose distribution lacks a dependency says which module is missing, and what lists them all."""
    installed_line("7.2", init="import missing_library\n")
    with pytest.raises(DefinitionError, match="No module named 'missing_library'; type: pip check"):
        find_line("7.2")


def test_a_line_that_is_a_module(installed_line, site):
    """A line's jobs are the modules of its package, so a single module is none."""
    (site / "single.py").write_text("from dwh.core import Line\nLINE = Line(status='main')\n")
    installed_line("7.1")
    (site / "dwh_v7_1-7.1.0.dist-info" / "entry_points.txt").write_text("[dwh.lines]\n7.1 = single:LINE\n")
    with pytest.raises(DefinitionError, match="single:LINE is not the Line of a package"):
        find_line("7.1")


def test_a_line_with_a_bad_name(installed_line):
    """An entry point that is not named as a line is listed as broken, with what its name must be."""
    installed_line("7.1.2")
    assert "its name must be a line, such as 0.1" in str(broken_lines()["7.1.2"])


def relabelled(folder, name, release):
    """Give a distribution another name and release."""
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {release}\n", "utf-8")
    return folder.rename(folder.with_name(f"{name.replace('-', '_')}-{release}.dist-info"))


def test_a_leftover_of_another_release(installed_line, site, takings):
    """A dist-info that another release has left is refused, with both, and the folder to remove."""
    installed_line("7.1")
    installed_line("7.1", {"takings": takings() + "\n"}, release="7.1.1")
    with pytest.raises(DefinitionError) as caught:
        find_job("takings@7.1")
    said = str(caught.value)
    assert (
        "line 7.1: two releases of it are installed: dwh-v7_1 7.1.0 (" in said and "dwh-v7_1 7.1.1 (" in said
    )
    assert said.endswith(f"the files belong to the other; type: rm -r {site}/dwh_v7_1-7.1.0.dist-info")
    assert "7.1" not in installed_lines() and isinstance(broken_lines()["7.1"], DefinitionError)


def test_a_leftover_without_entry_points(installed_line, site):
    """A dist-info that no longer says what it brings is refused, too: Python might take its release."""
    installed_line("7.1", release="7.1.4")
    left = site / "dwh_v7_1-7.1.3.dist-info"
    left.mkdir()
    (left / "METADATA").write_text("Metadata-Version: 2.1\nName: DWH.v7-1\nVersion: 7.1.3\n", "utf-8")
    with pytest.raises(DefinitionError, match=rf"type: rm -r {left}$"):
        find_job("takings@7.1")


def test_a_leftover_without_metadata(installed_line, site):
    """A dist-info whose METADATA is gone says of no release, and is refused with its folder."""
    installed_line("7.1")
    (site / "dwh_v7_1-7.1.0.dist-info" / "METADATA").unlink()
    with pytest.raises(DefinitionError, match=r"type: rm -r .*dwh_v7_1-7\.1\.0\.dist-info"):
        find_job("takings@7.1")


def test_two_distributions_that_bring_one_line(installed_line, site):
    """Two distributions with one line are refused, with both names, and what takes one away."""
    installed_line("7.1")
    relabelled(site / "dwh_v7_1-7.1.0.dist-info", "acme-feeds-v7_1", "7.1.3")
    installed_line("7.1")
    with pytest.raises(
        DefinitionError, match=r"two distributions provide it: acme-feeds-v7_1 7\.1\.3 .* and dwh-v7_1"
    ) as e:
        find_job("takings@7.1")
    assert str(e.value).endswith("type: pip uninstall acme-feeds-v7_1 or pip uninstall dwh-v7_1")


def test_the_same_release_in_two_folders_is_one(installed_line, site, tmp_path, monkeypatch):
    """A release that lies in two folders of the path is the same, whichever Python takes."""
    installed_line("7.1")
    shutil.copytree(site, tmp_path / "copy")
    monkeypatch.syspath_prepend(str(tmp_path / "copy"))
    assert find_line("7.1").release == "7.1.0"


def test_a_team_names_its_distributions(installed_line, site):
    """What to install follows from the names that are installed, whatever a team calls its packages."""
    installed_line("7.1")
    relabelled(site / "dwh_v7_1-7.1.0.dist-info", "acme-feeds-v7_1", "7.2.0")
    with pytest.raises(UnknownLineError, match=r"type: pip install acme-feeds-v7_4$"):
        find_job("takings@7.4")
    with pytest.raises(UnknownReleaseError, match=r"installed: .*acme-feeds-v7_1==7\.2\.0"):
        find_job("takings@7.2.1")
    assert distribution_of_line(Reference.parse("takings@7.2.1").line_name) == "acme-feeds-v7_1"


def test_no_name_is_invented(monkeypatch):
    """Where no line is installed, nothing tells what a line's distribution is called."""
    monkeypatch.setattr(lines, "brought_lines", dict)
    with pytest.raises(
        UnknownLineError, match=r"line 7\.1 is not installed \(installed: none\); install the"
    ):
        find_job("takings@7.1")


def test_errors_of_typing_exit_with_two(installed_line):
    """What the caller mistyped exits with 2."""
    installed_line("7.1")
    for text in ("takings", "takings@9.9", "takings@7.1.9", "other@7.1"):
        with pytest.raises(DwhError) as caught:
            find_job(text)
        assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("version", "line"),
    [
        ("0.10", "0.10"),
        ("0.10.3", "0.10"),
        ("9.10", "9.10"),
        ("9.10.3", "9.0"),
        ("7.0.1", "7.0"),
        ("7.1.1", "7.1"),
        ("7.4.0", "7.1"),
        ("7.4.0rc1", "7.1"),
    ],
)
def test_a_reference_names_its_line(installed_line, version, line):
    """Before 1.0 by two numbers; from 1.0 on by the first, and the line of that number that is installed."""
    installed_line("7.1")
    assert Reference.parse(f"takings@{version}").line_name == line


def test_a_line_that_is_installed_while_a_process_runs_is_found(installed_line, takings):
    """Lines are looked for once, and again as soon as something was installed."""
    assert "7.1" not in installed_lines()
    installed_line("7.1", {"takings": takings()})
    assert "7.1" in installed_lines()
