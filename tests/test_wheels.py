"""The wheels as someone installs them: built from this tree, in fresh environments.

An environment is filled once for each order of installing, and looked at after every step; the
tests then say what must have been true when.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dwh.core.testing.lines import declared_release

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.wheels

PACKAGES = {
    "dwh-airflow": ROOT / "shared" / "dwh-airflow",
    "dwh-catalog": ROOT / "shared" / "dwh-catalog",
    "dwh-compare": ROOT / "shared" / "dwh-compare",
    "dwh-core": ROOT / "shared" / "dwh-core",
    "dwh-deploy": ROOT / "shared" / "dwh-deploy",
    "dwh-migrate": ROOT / "shared" / "dwh-migrate",
    "dwh-v0_1": ROOT / "packages" / "dwh-v0_1",
    "dwh-v0_2": ROOT / "packages" / "dwh-v0_2",
}
IMPORTED_AS = {
    "dwh-airflow": "dwh/airflow",
    "dwh-catalog": "dwh/catalog",
    "dwh-compare": "dwh/compare",
    "dwh-core": "dwh/core",
    "dwh-deploy": "dwh/deploy",
    "dwh-migrate": "dwh/migrate",
    "dwh-v0_1": "dwh/jobs/v0_1_0",
    "dwh-v0_2": "dwh/jobs/v0_2_0",
}
BOTH_LINES_SPARK = "pyspark==4.1.*"  # the newest that both lines allow
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
OLD, NEW = (declared_release(PACKAGES[name]) for name in ("dwh-v0_1", "dwh-v0_2"))
LINES = {"0.1": (f"dwh-v0_1=={OLD}", "dwh.jobs.v0_1_0"), "0.2": (f"dwh-v0_2=={NEW}", "dwh.jobs.v0_2_0")}

LOOK = """
import hashlib, importlib, json
from dwh.core.lines import installed_lines
from dwh.core.provenance import provenance

seen = {}
for name, line in installed_lines().items():
    package = importlib.import_module(line.package)
    own = importlib.metadata.distribution(line.distribution)
    seen[name] = {
        "release": line.release,
        "jobs": line.job_names(),
        "my_job": importlib.import_module(line.package + ".my_job").MyJob.__module__,
        "files": {
            str(path): hashlib.sha256(path.locate().read_bytes()).hexdigest()
            for path in own.files
            if str(path).startswith("dwh/") and path.suffix != ".pyc"
        },
        "state": provenance(line.distribution, line.package).state,
        "core": provenance("dwh-core", "dwh.core").state,
    }
print(json.dumps(seen))
"""

LEDGER_WITHOUT_SPARK = """
import importlib.util, json
from dwh.core import Warehouse

tables = Warehouse.create().ledger.table_names()
print(json.dumps({"pyspark": importlib.util.find_spec("pyspark") is not None, "tables": tables}))
"""

COMPARE = """
import json
from pyspark.sql import SparkSession
from dwh.compare import DifferenceError, assert_same, compare

spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
one, other = spark.range(2), spark.range(3)
assert_same(one, one)
try:
    assert_same(one, other, key=["id"])
except DifferenceError as error:
    print(json.dumps([compare(one, one).verdict, error.comparison.verdict]))
"""
FAILING = """
from pyspark.sql import SparkSession
from dwh.compare import assert_same

def test_tables():
    spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    assert_same(spark.range(2), spark.range(3), key=["id"])
"""

RUN_BOTH = """
import json
from dwh.jobs.v0_1_0.my_job import MyJob as MyJobV1
from dwh.jobs.v0_2_0.my_job import MyJob as MyJobV2

print(json.dumps([MyJobV1().run(date="2013-01-01"), MyJobV2().run(date="2013-01-01")]))
"""


def clean(**more: str) -> dict[str, str]:
    """Return the environment variables without what could lead to this tree or another environment."""
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME")}
    return {**kept, **more}


def succeeds(*command: object) -> bool:
    """Run a command, and return whether it succeeded."""
    words = [str(word) for word in command]
    return subprocess.run(words, env=clean(), capture_output=True, timeout=600).returncode == 0


def run(*command: object, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """Run a command that must succeed, and return what it printed."""
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, env=env or clean(), capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def build(target: Path) -> dict[str, Path]:
    """Build the wheel of every package, and return them by name."""
    for folder in PACKAGES.values():
        command = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", target)
        run(*command, cwd=folder, env=clean(SOURCE_DATE_EPOCH="1767225600"))
    return {name: next(target.glob(f"{name.replace('-', '_')}-*.whl")) for name in PACKAGES}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel of each package."""
    return build(tmp_path_factory.mktemp("wheelhouse"))


@pytest.fixture(params=list(PACKAGES))
def wheel(request: pytest.FixtureRequest, wheels: dict[str, Path]) -> tuple[str, Path]:
    """Each package's name and wheel, one after the other."""
    return request.param, wheels[request.param]


@dataclass
class Environment:
    """A fresh virtual environment, which takes this project's packages from the wheelhouse."""

    home: Path
    wheelhouse: Path

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.home / "bin" / "python"

    @classmethod
    def create(cls, home: Path, wheelhouse: Path) -> Environment:
        """Make the environment, with uv if there is one."""
        if uv := shutil.which("uv", path=PATH):
            run(uv, "venv", "--quiet", "--python", sys.executable, home)
        else:
            run(sys.executable, "-m", "venv", home)
        return cls(home, wheelhouse)

    def install(self, *wanted: str) -> None:
        """Install packages; a second line may not bring a Spark that the first one does not allow."""
        self.install_only(*wanted, BOTH_LINES_SPARK)

    def install_only(self, *wanted: str) -> None:
        """Install exactly what is said."""
        self._pip("install", "--quiet", "--find-links", self.wheelhouse, *wanted)

    def uninstall(self, package: str) -> None:
        """Uninstall one package and nothing else."""
        self._pip("uninstall", *([] if shutil.which("uv", path=PATH) else ["--yes"]), package)

    def _pip(self, command: str, *arguments: object) -> None:
        if uv := shutil.which("uv", path=PATH):
            prefix = [uv, "pip", command, "--python", self.python]
            # What uv's cache holds will do: asking the index again may mean to build Spark again.
            if command == "install" and succeeds(*prefix, "--offline", *arguments):
                return
            run(*prefix, *arguments)
        else:
            run(self.python, "-m", "pip", "--disable-pip-version-check", command, *arguments)

    def execute(self, source: str, cwd: Path | None = None) -> Any:
        """Run Python there, isolated from this process, and return the JSON that it printed last."""
        printed = run(self.python, "-I", "-c", source, cwd=cwd or self.home)
        return json.loads(printed.splitlines()[-1])

    def look(self) -> dict[str, Any]:
        """Return what is installed of each line: release, jobs, hashes of its files, provenance."""
        return self.execute(LOOK)


@dataclass(frozen=True)
class Story:
    """What was seen in an environment after each step. `first` and `second` are lines."""

    first: str
    second: str
    environment: Environment
    alone: dict[str, Any]
    both: dict[str, Any]
    without_first: dict[str, Any]
    both_again: dict[str, Any]
    without_second: dict[str, Any]


def tell(first: str, second: str, home: Path, wheelhouse: Path) -> Story:
    """Install one line, the other beside it, and uninstall each in turn."""
    environment = Environment.create(home, wheelhouse)
    steps: list[Callable[[], None]] = [
        lambda: environment.install(LINES[first][0]),
        lambda: environment.install(LINES[second][0]),
        lambda: environment.uninstall(LINES[first][0].partition("==")[0]),
        lambda: environment.install(LINES[first][0]),
        lambda: environment.uninstall(LINES[second][0].partition("==")[0]),
    ]
    seen = []
    for step in steps:
        step()
        seen.append(environment.look())
    return Story(first, second, environment, *seen)


@pytest.fixture(scope="module", params=[("0.1", "0.2"), ("0.2", "0.1")], ids=["0.1 first", "0.2 first"])
def story(
    request: pytest.FixtureRequest, wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Story:
    """The steps in either order of installing."""
    home = tmp_path_factory.mktemp("fresh") / "environment"
    return tell(*request.param, home, wheels["dwh-core"].parent)


def test_a_line_brings_its_package_and_all_it_needs(story):
    """Installing a line's distribution gives its frozen import path, from the wheel's own files."""
    found = story.alone[story.first]
    requirement, package = LINES[story.first]
    assert list(story.alone) == [story.first]
    assert found["release"] == requirement.partition("==")[2]
    assert found["my_job"] == f"{package}.my_job"
    assert (found["state"], found["core"]) == ("installed", "installed")


def test_a_second_line_disturbs_nothing(story):
    """The other line installed beside it leaves every file of the first as it was, and both work."""
    assert list(story.both) == ["0.1", "0.2"]
    assert story.both[story.first] == story.alone[story.first]
    assert story.both[story.second]["my_job"] == f"{LINES[story.second][1]}.my_job"


def test_uninstalling_the_first_leaves_the_second(story):
    """Without the line that was installed first, the other is whole and works."""
    assert story.without_first == {story.second: story.both[story.second]}


def test_uninstalling_the_second_leaves_the_first(story):
    """Without the line that was installed second, the other is whole and works."""
    assert story.both_again == story.both
    assert story.without_second == {story.first: story.both[story.first]}


def test_the_installed_files_are_those_of_the_wheel(story, wheels):
    """What is installed is what was built here, not a namesake from an index."""
    for line, found in story.both.items():
        with zipfile.ZipFile(wheels[LINES[line][0].partition("==")[0]]) as archive:
            built = {
                name: hashlib.sha256(archive.read(name)).hexdigest()
                for name in archive.namelist()
                if name.startswith("dwh/")
            }
        assert found["files"] == built


@pytest.fixture(scope="module")
def full(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with everything installed from wheels."""
    environment = Environment.create(
        tmp_path_factory.mktemp("full") / "environment", wheels["dwh-core"].parent
    )
    environment.install(f"dwh-v0_1=={OLD}", f"dwh-v0_2=={NEW}", "dwh-migrate", "dwh-deploy")
    return environment


def test_both_lines_run_from_wheels_alone(full, tmp_path):
    """Both MyJob classes run in one process of the environment, and return receipts of their lines."""
    day = tmp_path / "landing" / "flights" / "flight_date=2013-01-01" / "part.csv"
    day.parent.mkdir(parents=True)
    day.write_text("carrier,origin,dest,dep_delay,arr_delay\nUA,EWR,IAH,2,11\nAA,JFK,MIA,-3,NA\n")
    (tmp_path / "dwh.toml").write_text(
        '[spark]\n"spark.master" = "local[1]"\n'
        '[sources.flights]\nformat = "csv"\npath = "landing/flights"\n'
        'options = { header = true, nullValue = "NA" }\n'
    )
    old, new = full.execute(RUN_BOTH, cwd=tmp_path)
    assert [(old["line"], old["release"]), (new["line"], new["release"])] == [
        ("0.1", OLD),
        ("0.2", NEW),
    ]
    assert (old["table"], old["rows"], new["rows"]) == ("flights.flights_per_day", 1, 1)
    history = run(full.home / "bin" / "dwh", "history", "flights.flights_per_day", "--json", cwd=tmp_path)
    assert [output["code"] for output in json.loads(history)["outputs"]] == ["installed", "installed"]


def test_the_command_comes_with_its_wheel(full):
    """`dwh jobs` of the installed dwh-migrate lists the jobs of both lines."""
    listed = json.loads(run(full.home / "bin" / "dwh", "jobs", "--json", cwd=full.home))
    assert {"carrier_delays@0.1", "carrier_delays@0.2", "delay_causes@0.2"} <= {
        job["reference"] for job in listed
    }


def test_comparing_needs_nothing_else_of_dwh(wheels, tmp_path):
    """dwh-compare alone compares, asserts, and has its say in pytest."""
    environment = Environment.create(tmp_path / "environment", wheels["dwh-core"].parent)
    environment.install("dwh-compare", "pytest>=8")
    listed = "import json, importlib.metadata as m\nprint(json.dumps([d.name for d in m.distributions()]))"
    assert [name for name in environment.execute(listed) if name.startswith("dwh")] == ["dwh-compare"]
    assert environment.execute(COMPARE) == ["pass", "fail"]
    (tmp_path / "test_tables.py").write_text(FAILING)
    words = (environment.python, "-m", "pytest", "-q", "--dwh-reports", "reports", "test_tables.py")
    done = subprocess.run([*map(str, words)], cwd=tmp_path, env=clean(), capture_output=True, text=True)
    assert done.returncode == 1 and "the tables are not the same" in done.stdout, done.stdout + done.stderr
    (page,) = (tmp_path / "reports").iterdir()
    assert "<html" in page.read_text("utf-8")


def test_the_commands_of_another_wheel_join(full):
    """`dwh bundle` and `dwh deploy` are those of the installed dwh-deploy."""
    printed = run(full.home / "bin" / "dwh", "bundle", f"dwh-v0_1=={OLD}", cwd=full.home)
    assert printed.split()[1] == f"dwh-v0_1-{OLD}.zip"
    assert "glue" in run(full.home / "bin" / "dwh", "deploy", "--help", cwd=full.home)


def test_an_edited_file_is_noticed(full):
    """Provenance says `changed` for a line of which a file was edited, and for that line alone."""
    file = Path(full.execute("import dwh.jobs.v0_2_0 as line, json; print(json.dumps(line.__file__))"))
    original = file.read_bytes()
    # Replaced, not written to: the installer may have linked the file to its cache.
    edited = file.with_suffix(".new")
    edited.write_bytes(original + b"\n# edited in place\n")
    edited.replace(file)
    try:
        seen = full.look()
    finally:
        edited.write_bytes(original)
        edited.replace(file)
    assert (seen["0.1"]["state"], seen["0.2"]["state"]) == ("installed", "changed")


def test_a_platform_keeps_its_spark(wheels, tmp_path):
    """Installed without dependencies, as documented for Glue and EMR, a line brings no pyspark."""
    environment = Environment.create(tmp_path / "environment", wheels["dwh-core"].parent)
    environment.install_only("--no-deps", f"dwh-v0_1=={OLD}", "dwh-core")
    environment.install_only("sqlalchemy>=2.0.30", "alembic>=1.13")
    assert environment.look()["0.1"]["my_job"] == "dwh.jobs.v0_1_0.my_job"
    assert environment.execute(LEDGER_WITHOUT_SPARK) == {"pyspark": False, "tables": []}


def test_a_wheel_leaves_the_namespace_to_all(wheel):
    """No wheel holds an `__init__.py` of `dwh` or `dwh.jobs`, nor a file outside its own package."""
    name, path = wheel
    files = [file for file in zipfile.ZipFile(path).namelist() if ".dist-info/" not in file]
    assert files
    assert [file for file in files if not file.startswith(IMPORTED_AS[name] + "/")] == []


def test_a_wheel_is_typed_and_licensed(wheel):
    """Each wheel has py.typed in its package, and the text of its licence."""
    name, path = wheel
    archive = zipfile.ZipFile(path)
    assert f"{IMPORTED_AS[name]}/py.typed" in archive.namelist()
    licences = [file for file in archive.namelist() if file.endswith("/licenses/LICENSE")]
    assert len(licences) == 1
    assert b"Apache License" in archive.read(licences[0])


def test_a_build_can_be_repeated(wheel, tmp_path_factory, again):
    """A second build gives the same bytes."""
    name, path = wheel
    assert again[name].read_bytes() == path.read_bytes()


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheels, built once more."""
    return build(tmp_path_factory.mktemp("again"))


@pytest.mark.parametrize("name", list(PACKAGES))
def test_hatch_knows_the_version(name, wheels):
    """`hatch version` in a package's folder prints the static version, which its wheel has."""
    printed = run(sys.executable, "-m", "hatch", "--no-color", "version", cwd=PACKAGES[name]).strip()
    assert wheels[name].name.split("-")[1] == printed


def test_version_is_the_main_line_s(wheels):
    """VERSION is the release of the line whose status is `main`."""
    package = PACKAGES["dwh-v0_2"]
    assert 'status="main"' in (package / "src" / "dwh" / "jobs" / "v0_2_0" / "__init__.py").read_text()
    assert wheels["dwh-v0_2"].name.split("-")[1] == (ROOT / "VERSION").read_text().strip()
