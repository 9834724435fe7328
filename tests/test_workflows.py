"""The workflows of the hosting service: their shell steps run here, with real git and the real tool.

Only `gh`, which speaks to the service, is replaced by a script that writes down what it was asked; the index
is a server on loopback.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".github" / "workflows"
TAG = "dwh-v0_1@9.9.9"
NAME, MESSAGE, MERGED = (
    "Name the package",
    "Refuse a tag without a message",
    "Refuse a commit that nobody has merged",
)
INDEX = "Leave out what the index has already"
# Answers what the service would: what a tag points at, whether a release page is there.
GH = """#!/bin/sh
case "$1-$2" in
  api-*) exec git -C '{origin}' cat-file -t "refs/${{2##*/git/ref/}}" ;;
  release-view) exec test -e '{files}/page' ;;
esac
printf '%s\\n' "$@" >> '{files}/asked'
"""
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
        names = {"TAG": TAG, "GITHUB_REF": f"refs/tags/{TAG}", "MAIN": "main", "GH_REPO": "acme/dwh"}
        return {"PATH": path, **names, "RUNNER_TEMP": str(self.files), **written}

    def written(self, name: str) -> str:
        """Return what a step wrote into a file of the service."""
        return (self.files / name).read_text("utf-8")

    def asked(self) -> list[str]:
        """Return the words that `gh` got since this was last called."""
        words = self.written("asked").split()
        (self.files / "asked").unlink()
        return words

    def git(self, *words: str) -> str:
        """Run git in the working copy; return what it prints."""
        command = ["git", *AUTHOR, *words]
        return subprocess.run(
            command, cwd=self.work, check=True, stdout=subprocess.PIPE, text=True
        ).stdout.strip()


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
    gh.write_text(GH.format(origin=tmp_path / "origin", files=tmp_path / "files"), "utf-8")
    gh.chmod(0o755)
    return Runner(tmp_path / "work", tmp_path / "files")


def tagged(runner: Runner, tag: str) -> dict[str, str]:
    """Return the variables of a run that a pushed tag starts."""
    return {"TAG": tag, "GITHUB_REF": f"refs/tags/{tag}"}


def test_a_tag_names_its_package(runner):
    """The package is what stands before the version."""
    for tag in (TAG, "acme-feeds-2.0@2.0.1", "dwh-v0_1@0.3.0rc1"):
        assert runner.run("release", NAME, **tagged(runner, tag)).returncode == 0
    assert runner.written("GITHUB_OUTPUT").splitlines() == [
        "package=dwh-v0_1", "package=acme-feeds-2.0", "package=dwh-v0_1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "tag",
    (
        "$(touch>pwned)@0.1.2", "`touch${IFS}pwned`@0.1.2", "a;touch${IFS}pwned;@0.1.2", 'a"&&b"@0.1.2',
        "dwh-v0_1@$(id)", "--repo=x@0.1.2", "-h@1", "@0.1.2", "dwh-v0_1@", "dwh-v0_1@v0.1.2", "a@b@0.1.2",
        "../a@0.1.2", "acme/a@0.1.2", "a%2e@0.1.2", "a\nname=b@0.1.2",
    ),
)  # fmt: skip
def test_a_tag_of_no_release_publishes_nothing(runner, tag):
    """Whatever git lets a tag be called, also what a shell or a command would take for its own."""
    done = runner.run("release", NAME, **tagged(runner, tag))
    assert done.returncode == 1 and "no tag of a release" in done.stdout
    assert not (runner.files / "GITHUB_OUTPUT").exists() and not (runner.work / "pwned").exists()


def test_tags_that_started_nothing_are_published_by_hand(runner):
    """For more than three in one push GitHub starts no workflow; a run for a branch publishes nothing."""
    settings = yaml.safe_load((FOLDER / "release.yml").read_text("utf-8"))
    assert set(settings[True]) == {"push", "workflow_dispatch"}  # YAML reads `on` as true
    for branch in ("main", TAG):
        done = runner.run("release", NAME, TAG=branch, GITHUB_REF=f"refs/heads/{branch}")
        assert done.returncode == 1 and "no tag of a release" in done.stdout


def test_a_tag_has_a_message(runner):
    """A lightweight one is refused, also where the checkout has made one of every tag."""
    for words, code in ((("--annotate", "--message", "notes"), 0), ((), 1)):
        runner.git("tag", "--force", *words, TAG)
        runner.git("push", "--quiet", "--force", "origin", f"refs/tags/{TAG}")
        runner.git("tag", "--force", TAG)
        done = runner.run("release", MESSAGE)
        assert done.returncode == code
    assert "delete it, and type: dwh-release tag dwh-v0_1" in done.stdout
    assert runner.run("release", MESSAGE, TAG="dwh-v0_1@0.0.1").returncode != 0


def commit_on(runner: Runner, branch: str) -> None:
    """Push a branch with a commit of its own, and leave it checked out."""
    runner.git("checkout", "--quiet", "-B", branch, "refs/remotes/origin/main")
    runner.git("commit", "--quiet", "--allow-empty", "--message", branch)
    runner.git("push", "--quiet", "--force", "origin", f"HEAD:refs/heads/{branch}")


def test_a_commit_on_main_is_taken(runner):
    """Its newest one, and an older one."""
    runner.git("branch", "9.9.0-maintenance", "origin/main")
    runner.git("push", "--quiet", "origin", "9.9.0-maintenance")  # which has it, too
    for commit in ("origin/main", "origin/main~1"):
        runner.git("checkout", "--quiet", "--detach", commit)
        done = runner.run("release", MERGED)
        assert (done.returncode, done.stdout) == (0, f"{TAG} is on origin/main\n")


def test_a_commit_on_its_line_s_branch_is_taken(runner):
    """A line may be released from its own branch, from 1.0 on whatever its MINOR."""
    for branch, tag in (
        ("0.1.0-maintenance", "dwh-v0_1@0.1.2"),
        ("1.0.0-maintenance", "dwh-v1_0@1.4.2"),
    ):
        commit_on(runner, branch)
        done = runner.run("release", MERGED, TAG=tag)
        assert (done.returncode, done.stdout) == (0, f"{tag} is on origin/{branch}\n")
        assert runner.git("symbolic-ref", "HEAD") == f"refs/heads/{branch}"  # so that its rules hold


def test_a_commit_that_nobody_merged_is_refused(runner):
    """Whoever may push a tag may not publish by that alone, nor by a branch that is called alike."""
    for branch in (
        "mine",
        "mine-maintenance",
        "0.2.0-maintenance",
        "0.1.1-maintenance",
        "10.1.0-maintenance",
    ):
        commit_on(runner, branch)
        done = runner.run("release", MERGED, TAG="dwh-v0_1@0.1.2")
        assert done.returncode == 1, branch
        assert "neither on main nor on its line's maintenance branch" in done.stdout


def test_a_tag_called_like_main_is_not_taken_for_it(runner):
    """Neither for the branch on which the commit must be, nor for the gate that is installed."""
    commit_on(runner, "mine")
    runner.git("tag", "origin/main")
    assert runner.run("release", MERGED).returncode == 1
    (runner.files / "python").write_text("#!/bin/sh\n", "utf-8")
    (runner.files / "python").chmod(0o755)
    assert runner.run("release", "Install the gate as main has it").returncode == 0
    assert runner.git("-C", str(runner.files / "main"), "log", "-1", "--format=%s") == "two"


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
    assert report.startswith("### The gate\n\n    ") and "my_job" in report


def test_a_report_stays_text(runner):
    """A request writes what the gate repeats: no Markdown of it, no command, no more than a comment holds."""
    said = "- a\n```\n@acme/all\r# big\n\n$(touch pwned)\n" + 9000 * "- a problem\n"
    (runner.files / "said").write_text(said, "utf-8")
    gate = runner.files / "dwh-release"
    gate.write_text(f"#!/bin/sh\ncat '{runner.files}/said'\nexit 1\n", "utf-8")
    gate.chmod(0o755)
    assert runner.run("pull-request", "Pass the gate").returncode == 1
    head, report = (runner.work / "report.md").read_text("utf-8").split("\n\n", 1)
    assert head == "### The gate" and len(report) < 65_000 and "@acme/all" in report
    assert all(line.startswith("    ") for line in report.splitlines()[:-1])
    assert "@acme/all" in runner.written("GITHUB_STEP_SUMMARY")
    assert not (runner.work / "pwned").exists()


def test_a_fork_s_request_reaches_nothing_that_may_write():
    """Its report is kept; jobs that may write run none of its code, and no shell reads its words."""
    for path in FOLDER.glob("*.yml"):
        settings = yaml.safe_load(path.read_text("utf-8"))
        assert settings["permissions"] == {}
        assert set(settings[True]) <= {"push", "workflow_dispatch", "pull_request"}, "no rights for forks"
        for job in settings["jobs"].values():
            runs = [step.get("run", "") for step in job["steps"]]
            assert not any("${{" in script for script in runs)
            checks_out = any("actions/checkout" in step.get("uses", "") for step in job["steps"])
            assert not (checks_out and job["permissions"] != {"contents": "read"})
    jobs = yaml.safe_load((FOLDER / "pull-request.yml").read_text("utf-8"))["jobs"]
    assert "if" not in jobs["gate"]
    assert "head.repo.full_name == github.repository" in jobs["comment"]["if"]
    (kept,) = (step for step in jobs["gate"]["steps"] if "upload-artifact" in step.get("uses", ""))
    assert (kept["if"], kept["with"]["path"]) == ("always()", "report.md")


def test_the_comment_is_replaced(runner):
    """One comment for each request, whatever number of runs it takes."""
    assert runner.run("pull-request", "Write the comment", NUMBER="7").returncode == 0
    assert runner.asked() == [
        "pr", "comment", "7", "--body-file", "report.md", "--edit-last", "--create-if-none",
    ]  # fmt: skip


def test_a_release_page_has_notes_and_files(runner):
    """It is made for the tag that is there, and holds what was built."""
    (runner.work / "dist").mkdir()
    (runner.work / "dist" / "a.whl").touch()
    for tag, kind in (
        (TAG, "--latest=false"),
        ("dwh-v0_2@0.3.0rc1", "--prerelease"),
        (f"{TAG}a1", "--prerelease"),
        (f"{TAG}b1", "--prerelease"),
        ("abc-rc-dev@1.0.0", "--latest=false"),
        (f"{TAG}.dev2", "--prerelease"),
    ):
        assert runner.run("release", "Make the release page", TAG=tag).returncode == 0
        assert runner.asked() == [
            "release", "create", tag, "dist/a.whl", kind,
            "--verify-tag", "--title", tag, "--notes-file", "notes.md",
        ]  # fmt: skip


def test_a_release_page_that_is_there_is_filled_again(runner):
    """A run before this one made it, and may have failed after that."""
    (runner.work / "dist").mkdir()
    (runner.work / "dist" / "a.whl").touch()
    (runner.files / "page").touch()
    assert runner.run("release", "Make the release page").returncode == 0
    assert runner.asked() == [
        "release", "upload", TAG, "dist/a.whl", "--clobber",
        "release", "edit", TAG, "--latest=false", "--notes-file", "notes.md",
    ]  # fmt: skip


class Index(BaseHTTPRequestHandler):
    """An index that knows the files of one package."""

    files: dict[str, bytes]

    def do_GET(self) -> None:
        """Answer as the simple API of package indexes does."""
        found = self.path == "/dwh-v0_1/"
        digests = {name: hashlib.sha256(data).hexdigest() for name, data in self.files.items()}
        listed = [{"filename": name, "hashes": {"sha256": digest}} for name, digest in digests.items()]
        self.send_response(200 if found else 403 if "closed" in self.path else 404)
        self.end_headers()
        self.wfile.write(json.dumps({"files": listed}).encode() if found else b"<html>")

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture
def index() -> Iterator[str]:
    """The address of an index that has a wheel."""
    Index.files = {"a.whl": b"wheel", "other.whl": b"other"}
    with HTTPServer(("127.0.0.1", 0), Index) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_what_the_index_has_is_left_out_only_if_it_is_the_same(runner, index):
    """A publication that failed half-way is run again; other bytes under a released name stop it."""
    files = {"a.whl": b"wheel", "a.tar.gz": b"source"}

    def published(package: str = "dwh-v0_1", **built: bytes) -> tuple[int, list[str]]:
        (runner.work / "dist").mkdir(exist_ok=True)
        for name, data in (files | built).items():
            (runner.work / "dist" / name).write_bytes(data)
        done = runner.run("release", INDEX, INDEX=index, PACKAGE=package)
        return done.returncode, sorted(path.name for path in (runner.work / "dist").iterdir())

    assert published() == (0, ["a.tar.gz"])
    assert published("dwh-v0_3") == (0, ["a.tar.gz", "a.whl"])
    assert published(**{"a.whl": b"changed"}) == (1, ["a.tar.gz", "a.whl"])
    assert published("closed")[0] == 1
    Index.files = files
    assert published() == (0, [])
    assert runner.written("GITHUB_OUTPUT").splitlines() == [f"missing={n}" for n in (1, 2, 0)]


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
