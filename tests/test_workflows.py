"""The workflows of the hosting service: their shell steps run here, with real git and the real tool.

Only `gh`, which speaks to the service, is replaced by a script that writes down what it was asked.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".github" / "workflows"
TAG = "dwh-v0_1@9.9.9"
AUTHOR = ("-c", "user.name=Author", "-c", "user.email=author@example.org")


def shell_steps(workflow: str) -> dict[str, str]:
    """Return the scripts of a workflow by the names of their steps."""
    jobs: dict[str, Any] = yaml.safe_load((FOLDER / f"{workflow}.yml").read_text("utf-8"))["jobs"]
    return {step["name"]: step["run"] for job in jobs.values() for step in job["steps"] if "run" in step}


@dataclass(frozen=True)
class Runner:
    """A machine of the service: a working copy, and files into which steps write."""

    work: Path
    files: Path

    def run(self, workflow: str, step: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a step as the service does."""
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", shell_steps(workflow)[step]],
            cwd=self.work,
            env={**os.environ, **self.variables(), **variables},
            capture_output=True,
            text=True,
            timeout=300,
        )

    def variables(self) -> Mapping[str, str]:
        """Return what the service sets."""
        path = f"{self.files}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        written = {name: str(self.files / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        return {"PATH": path, "TAG": TAG, "MAIN": "main", "RUNNER_TEMP": str(self.files), **written}

    def written(self, name: str) -> str:
        """Return what a step wrote into a file of the service."""
        return (self.files / name).read_text("utf-8")

    def git(self, *words: str) -> None:
        """Run git in the working copy."""
        subprocess.run(["git", *AUTHOR, *words], cwd=self.work, check=True, capture_output=True)


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A runner with a clone of a repository of two commits on main, and a `gh` that writes down its words."""
    for name in ("origin", "files"):
        (tmp_path / name).mkdir()
    origin = Runner(tmp_path / "origin", tmp_path / "files")
    origin.git("init", "--quiet", "--initial-branch", "main")
    for text in ("one", "two"):
        origin.git("commit", "--quiet", "--allow-empty", "--message", text)
    subprocess.run(["git", "clone", "--quiet", tmp_path / "origin", tmp_path / "work"], check=True)
    gh = tmp_path / "files" / "gh"
    gh.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" > {tmp_path}/files/asked\n", "utf-8")
    gh.chmod(0o755)
    return Runner(tmp_path / "work", tmp_path / "files")


def test_a_tag_names_its_package(runner):
    """The package is what stands before the version."""
    assert runner.run("release", "Name the package").returncode == 0
    assert runner.written("GITHUB_OUTPUT") == "package=dwh-v0_1\n"


def test_a_commit_on_main_is_taken(runner):
    """Its newest one, and an older one."""
    for commit in ("main", "main~1"):
        runner.git("checkout", "--quiet", "--detach", commit)
        done = runner.run("release", "Refuse a commit that nobody has merged")
        assert (done.returncode, done.stdout) == (0, f"{TAG} is on origin/main\n")


def test_a_commit_on_a_maintenance_branch_is_taken(runner):
    """A line may be released from its own branch."""
    runner.git("checkout", "--quiet", "-b", "0.1.0-maintenance")
    runner.git("commit", "--quiet", "--allow-empty", "--message", "a fix")
    runner.git("push", "--quiet", "origin", "0.1.0-maintenance")
    done = runner.run("release", "Refuse a commit that nobody has merged")
    assert (done.returncode, done.stdout) == (0, f"{TAG} is on origin/0.1.0-maintenance\n")


def test_a_commit_that_nobody_merged_is_refused(runner):
    """Whoever may push a tag may not publish by that alone."""
    runner.git("checkout", "--quiet", "-b", "mine")
    runner.git("commit", "--quiet", "--allow-empty", "--message", "mine")
    runner.git("push", "--quiet", "origin", "mine")
    done = runner.run("release", "Refuse a commit that nobody has merged")
    assert done.returncode == 1 and "neither on main nor on a maintenance branch" in done.stdout


@pytest.mark.breadth
def test_the_gate_s_report_is_kept(runner, tmp_path):
    """Passed or not, it is in the summary and in the file for the comment; the exit code is the gate's."""
    subprocess.run(["git", "clone", "--quiet", ROOT, tmp_path / "clone"], check=True)
    here = Runner(tmp_path / "clone", runner.files)
    passed = here.run("pull-request", "Pass the gate")
    assert passed.returncode == 0, passed.stdout
    assert "dwh-v0_1 against dwh-v0_1" in here.written("GITHUB_STEP_SUMMARY")
    job = here.work / "packages/dwh-v0_1/src/dwh/jobs/v0_1_0/my_job.py"
    job.write_text(job.read_text("utf-8").replace('"bigint"', '"int"'), "utf-8")
    assert here.run("pull-request", "Pass the gate").returncode == 1
    report = (here.work / "report.md").read_text("utf-8")
    assert report.startswith("### The gate\n```text\n") and "my_job" in report


def test_the_comment_is_replaced(runner):
    """One comment for each request, whatever number of runs it takes."""
    assert runner.run("pull-request", "Write the comment", NUMBER="7").returncode == 0
    assert runner.written("asked").split() == [
        "pr", "comment", "7", "--body-file", "report.md", "--edit-last", "--create-if-none",
    ]  # fmt: skip


def test_a_release_page_has_notes_and_files(runner):
    """It is made for the tag that is there, and holds what was built."""
    (runner.work / "dist").mkdir()
    (runner.work / "dist" / "a.whl").touch()
    for tag, kind in (
        (TAG, "--latest=false"),
        (f"{TAG}rc1", "--prerelease"),
        (f"{TAG}.dev2", "--prerelease"),
    ):
        assert runner.run("release", "Make the release page", TAG=tag).returncode == 0
        assert runner.written("asked").split() == [
            "release", "create", tag, "dist/a.whl", kind,
            "--verify-tag", "--title", tag, "--notes-file", "notes.md",
        ]  # fmt: skip


def test_requests_are_tested_by_the_readme_s_command():
    """What a contributor types, and what `.ci/run` calls."""
    command = shell_steps("pull-request")["Run the quick tests"]
    assert f"$ {command} " in (ROOT / "README.md").read_text("utf-8")
    assert f"\n{command}\n" in (ROOT / ".ci" / "run").read_text("utf-8")


def test_what_decides_over_releases_has_owners():
    """Records, waivers and decisions of every package change only with somebody's approval."""
    rows = (ROOT / ".github" / "CODEOWNERS").read_text("utf-8").splitlines()
    patterns = [row.split()[0].lstrip("/") for row in rows if row and not row.startswith("#")]
    packages = [
        path.parent for top in ("packages", "shared") for path in ROOT.glob(f"{top}/*/pyproject.toml")
    ]
    for package in packages:
        for name in ("released/1.0.0.json", "waivers.toml"):
            path = package.relative_to(ROOT) / name
            assert any(fnmatch(str(path), f"{pattern}*") for pattern in patterns), path


def test_every_shell_step_is_run_here_or_in_the_rehearsal():
    """A step that nobody has run is not known to work. The rehearsal runs every step of two jobs."""
    here = Path(__file__).read_text("utf-8")
    rehearsed = {("pull-request", "gate"), ("release", "build")}
    for path in sorted(FOLDER.glob("*.yml")):
        for job, settings in yaml.safe_load(path.read_text("utf-8"))["jobs"].items():
            named = [step["name"] for step in settings["steps"] if "run" in step]
            assert (path.stem, job) in rehearsed or all(f'"{name}"' in here for name in named), (path, job)
