"""The configuration: where the warehouse is, and where a job's inputs come from.

It is read from `dwh.toml`, found upward from the working directory, with environment variables
over it. Where neither says so, the warehouse is the folder `warehouse` beside the file, and
without a file in the working directory.

    warehouse = "warehouse"                    # a folder, or a URI that Spark can write
    ledger = "postgresql+psycopg://…"          # by default SQLite, in a local warehouse
    environment = "dev"
    engine = "spark"                           # or "sail", which needs no Java; by default what is installed
    wheelhouse = "wheels"                      # a folder or URL that holds releases, beside the index
    release_environments = "environments"      # where those of releases are kept; by default the user's

    [spark]                                    # settings of the Spark application
    "spark.master" = "local[2]"

    [sources.flights]                          # one for each input that a job names
    format = "csv"                             # any format that Spark can read
    path = "landing/flights"
    options = { header = true, nullValue = "NA" }

    [sources.customers]                        # a table of one of Spark's catalogs
    table = "lake.crm.customers"

    [sources."flights.carrier_delays"]         # a table that other jobs write
    format = "dwh"
    line = "0.1"                               # whose outputs; by default what the environment publishes

    [catalogs.lake]                            # one for each catalog that follows the ledger: see dwh.catalog
    type = "sql"

`DWH_WAREHOUSE`, `DWH_LEDGER`, `DWH_ENVIRONMENT`, `DWH_ENGINE`, `DWH_WHEELHOUSE` and
`DWH_RELEASE_ENVIRONMENTS` take a plain value, `DWH_SPARK`, `DWH_SOURCES` and `DWH_CATALOGS` the TOML of the
table they add to; `DWH_CONFIG` names the file. Relative paths start at the file's folder, those in
variables at the working directory.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from dwh.core.errors import ConfigError, InvalidNameError
from dwh.core.names import valid_environment, valid_table

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = [
    "FILE_NAME",
    "Config",
    "Engine",
    "SourcePlace",
    "config_of_run",
    "load_config",
    "process_variables",
]

Engine = Literal["spark", "sail"]

FILE_NAME = "dwh.toml"
_LINE = re.compile(r"\d+\.\d+", re.ASCII)
_CATALOG_TABLE = re.compile(r"[^.`\x00-\x1f]+(\.[^.`\x00-\x1f]+)*")
_ALLOWED = "a table with format, and perhaps path and options; or with table alone"
_URI = re.compile(r"[a-z][a-z0-9+.-]+:/")
_PLAIN = ("warehouse", "ledger", "environment", "engine", "wheelhouse", "release_environments")
_VARIABLES = {key: f"DWH_{key.upper()}" for key in _PLAIN}
_TABLES = {"spark": "DWH_SPARK", "sources": "DWH_SOURCES", "catalogs": "DWH_CATALOGS"}
_KEYS = (*_VARIABLES, *_TABLES)
_OF_RUN: ContextVar[Config | None] = ContextVar("dwh_config_of_run", default=None)


@dataclass(frozen=True)
class SourcePlace:
    """Where an input is: a format that Spark reads, a path or None, and the reader's options.

    With a `table` it is what one of Spark's catalogs has by that name; the format is `catalog` then. The
    format `dwh` says that other jobs write it: its `line` is the one whose outputs are read, and None reads
    what the run's environment publishes.
    """

    format: str
    path: str | None = field(repr=False)  # may hold credentials, as the options may
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    line: str | None = None
    table: str | None = None


@dataclass(frozen=True)
class Config:
    """What the configuration says, checked.

    Attributes:
        warehouse: the root of the warehouse: an absolute local path, or a URI.
        ledger: the ledger's SQLAlchemy URL. It may hold a password, so it is not shown.
        environment: the environment's name.
        engine: what computes: `spark`, or `sail` in this process. By default Spark where PySpark is
            whole or `[spark]` says where it is, and Sail where only PySpark's client is installed.
        engine_reason: what decided for the engine, for a person to read.
        spark: settings of the Spark application.
        sources: the place of each input, by name.
        origin: the file it came from, or `no dwh.toml`.
        wheelhouse: an absolute local path or a URL, where releases are kept; None where only the index is.
        release_environments: the folder where `dwh venv` keeps what it makes; None for the user's own.
        catalogs: what is said of each catalog that follows the ledger, by name; dwh-catalog checks it.
    """

    warehouse: str
    ledger: str = field(repr=False)
    environment: str = "dev"
    engine: Engine = "spark"
    engine_reason: str = "it is the default"
    spark: Mapping[str, str] = field(default_factory=dict, repr=False)
    sources: Mapping[str, SourcePlace] = field(default_factory=dict)
    origin: str = f"no {FILE_NAME}"
    wheelhouse: str | None = field(default=None, repr=False)  # a URL may hold a password
    release_environments: str | None = None
    catalogs: Mapping[str, Any] = field(default_factory=dict, repr=False)  # may hold passwords

    def in_environment(self, environment: str) -> Config:
        """Return the same configuration for another environment; raises InvalidNameError."""
        return replace(self, environment=valid_environment(environment))


def load_config(start: Path | None = None, variables: Mapping[str, str] | None = None) -> Config:
    """Return the configuration that holds in a folder; without arguments inside a run, that of the run.

    Parameters:
        start: the folder; by default the working directory.
        variables: the environment variables; by default those of the process.

    Raises ConfigError, which names the file or variable, the key, and what is allowed.
    """
    if start is None and variables is None and (of_run := _OF_RUN.get()):
        return of_run
    start = (start or Path.cwd()).resolve()
    variables = os.environ if variables is None else variables
    path = _find(start, variables)
    settings = _parsed(_read(path), str(path), _KEYS) if path else {}
    origin, base = (str(path), path.parent) if path else (f"no {FILE_NAME}", start)
    sources = _sources(_table(settings, "sources", origin), origin, base)
    spark = _scalars(_table(settings, "spark", origin), f"{origin}: spark")
    if text := variables.get("DWH_SOURCES"):
        sources |= _sources(_parsed(text, "DWH_SOURCES"), "DWH_SOURCES", start)
    if text := variables.get("DWH_SPARK"):
        spark |= _scalars(_parsed(text, "DWH_SPARK"), "DWH_SPARK: spark")
    catalogs = _table(settings, "catalogs", origin)
    if text := variables.get("DWH_CATALOGS"):
        catalogs = _merged(catalogs, _parsed(text, "DWH_CATALOGS"))
    plain: dict[str, tuple[str, str, Path]] = {}
    for key, variable in _VARIABLES.items():
        if variables.get(variable):
            plain[key] = (variables[variable], variable, start)
        elif key in settings:
            plain[key] = (_text(settings[key], origin, key), origin, base)
    engine, reason = _engine(plain.get("engine"), spark, variables)
    root = _warehouse(*plain["warehouse"]) if "warehouse" in plain else str(base / "warehouse")
    return Config(
        warehouse=root,
        ledger=_ledger(plain.get("ledger"), root),
        environment=_environment(*plain.get("environment", ("dev", origin, base))[:2]),
        engine=engine,
        engine_reason=reason,
        spark=spark,
        sources=sources,
        origin=origin,
        wheelhouse=_optional_location(plain.get("wheelhouse")),
        release_environments=_optional_location(plain.get("release_environments")),
        catalogs=catalogs,
    )


@contextmanager
def config_of_run(config: Config) -> Iterator[None]:
    """Let `load_config` return a run's configuration meanwhile, to whatever the run calls in this thread."""
    token = _OF_RUN.set(config)
    try:
        yield
    finally:
        _OF_RUN.reset(token)


@contextmanager
def process_variables(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables of this process meanwhile: what a command was told holds in all its threads."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            del os.environ[name]
            os.environ.update({} if value is None else {name: value})


def _find(start: Path, variables: Mapping[str, str]) -> Path | None:
    if named := variables.get("DWH_CONFIG"):
        path = start / named
        if not path.is_file():
            raise ConfigError("DWH_CONFIG", "the file", str(path), f"a {FILE_NAME} that exists")
        return path
    return next(
        (folder / FILE_NAME for folder in (start, *start.parents) if (folder / FILE_NAME).is_file()), None
    )


def _read(path: Path) -> str:
    try:
        content = path.read_bytes()
        # Some editors mark UTF-8 by its first bytes, and others write UTF-16; TOML is plain UTF-8.
        if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content:
            raise ConfigError(str(path), "the file", "text in UTF-16", "text in UTF-8; save it as that")
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), "the file", str(error), "readable text in UTF-8") from None


def _parsed(text: str, origin: str, keys: tuple[str, ...] | None = None) -> dict[str, Any]:
    try:
        settings = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(origin, "syntax", str(error), "TOML, see toml.io") from None
    for key in settings:
        if keys and key not in keys:
            raise ConfigError(origin, "key", key, ", ".join(keys))
    return settings


def _table(settings: Mapping[str, Any], key: str, origin: str) -> dict[str, Any]:
    value = settings.get(key, {})
    if not isinstance(value, dict):
        raise ConfigError(origin, key, type(value).__name__, f"a table, written [{key}]")
    return value


def _merged(table: Mapping[str, Any], added: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table with what is added to it, and to the tables in it."""
    both = {
        key: _merged(table[key], value) for key, value in added.items() if _are_tables(table.get(key), value)
    }
    return {**table, **added, **both}


def _are_tables(*values: object) -> bool:
    return all(isinstance(value, dict) for value in values)


def _text(value: object, origin: str, key: str) -> str:
    if not isinstance(value, str) or not value:
        raise ConfigError(origin, key, value, "text in quotes, not empty")
    return value


def _scalars(values: Mapping[str, Any], origin: str) -> dict[str, str]:
    """Return settings as Spark takes them: text, with booleans in lower case."""
    for key, value in values.items():
        if not isinstance(value, str | int | float):
            allowed = 'text, a number or a boolean; a key with dots needs quotes: "spark.master" = "local[2]"'
            raise ConfigError(origin, key, type(value).__name__, allowed)  # the value may be a secret
    return {
        key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in values.items()
    }


def _sources(tables: Mapping[str, Any], origin: str, base: Path) -> dict[str, SourcePlace]:
    return {name: _source(name, table, origin, base) for name, table in tables.items()}


def _source(name: str, table: object, origin: str, base: Path) -> SourcePlace:
    try:
        valid_table(name)
    except InvalidNameError as error:
        raise ConfigError(origin, "sources", name, error.allowed) from None
    key = f"sources.{name}"
    if isinstance(table, dict) and table.get("format") == "dwh":
        return _written_by_jobs(table, origin, key)
    if isinstance(table, dict) and "table" in table:
        return _in_catalog(table, origin, key)
    if (
        not isinstance(table, dict)
        or not set(table) <= {"format", "path", "options"}
        or "format" not in table
    ):
        found = sorted(table) if isinstance(table, dict) else type(table).__name__  # values may be secrets
        raise ConfigError(origin, key, found, _ALLOWED)
    options = table.get("options", {})
    if not isinstance(options, dict):
        raise ConfigError(
            origin, f"{key}.options", type(options).__name__, "a table of options of Spark's reader"
        )
    path = table.get("path")
    return SourcePlace(
        format=_text(table["format"], origin, f"{key}.format"),
        path=None if path is None else _location(_text(path, origin, f"{key}.path"), base),
        options=_scalars(options, f"{origin}: {key}.options"),
    )


def _in_catalog(table: Mapping[str, Any], origin: str, key: str) -> SourcePlace:
    if others := sorted(set(table) - {"table"}):
        found = f"table and {', '.join(others)}"
        raise ConfigError(
            origin, key, found, f"one of both: table alone, which a catalog knows; or {_ALLOWED}"
        )
    name = _text(table["table"], origin, f"{key}.table")
    if not _CATALOG_TABLE.fullmatch(name):
        allowed = "a name as Spark's catalogs have it, such as lake.crm.customers, without ` or empty parts"
        raise ConfigError(origin, f"{key}.table", name, allowed)
    return SourcePlace("catalog", None, table=name)


def _written_by_jobs(table: Mapping[str, Any], origin: str, key: str) -> SourcePlace:
    if unknown := sorted(set(table) - {"format", "line"}):
        raise ConfigError(origin, key, ", ".join(unknown), 'format = "dwh", and perhaps line = "0.1"')
    line = table.get("line")
    if line is not None and not (isinstance(line, str) and _LINE.fullmatch(line)):
        raise ConfigError(origin, f"{key}.line", line, 'a line in quotes, such as "0.1"')
    return SourcePlace("dwh", None, line=line)


def _location(value: str, base: Path) -> str:
    """Return an absolute local path, or a URI as it is."""
    if value.startswith("file:"):
        return unquote(urlsplit(value).path)
    return value if _URI.match(value) else str((base / value).resolve())


def _optional_location(found: tuple[str, str, Path] | None) -> str | None:
    return None if found is None else _location(found[0], found[2])


def _warehouse(value: str, origin: str, base: Path) -> str:
    if set(value) & set("*?[]{}"):
        raise ConfigError(
            origin, "warehouse", value, "a path without * ? [ ] { }, which Spark reads as a pattern"
        )
    return _location(value, base)


def _environment(value: str, origin: str) -> str:
    try:
        return valid_environment(value)
    except InvalidNameError as error:
        raise ConfigError(origin, "environment", value, error.allowed) from None


def _engine(
    found: tuple[str, str, Path] | None, spark: Mapping[str, str], variables: Mapping[str, str]
) -> tuple[Engine, str]:
    """Return the engine, and why it is this one."""
    if found is None:
        return _installed(spark, variables)
    return _chosen(*found[:2], spark), f"{found[1]} says so"


def _chosen(value: str, origin: str, spark: Mapping[str, str]) -> Engine:
    if value == "spark":
        return "spark"
    if value != "sail":
        raise ConfigError(origin, "engine", value, "spark or sail")
    if "spark.remote" in spark:
        raise ConfigError(origin, "engine", value, "spark, as [spark] sets spark.remote; or sail without it")
    return "sail"


def _installed(spark: Mapping[str, str], variables: Mapping[str, str]) -> tuple[Engine, str]:
    """Return `sail` where nothing but PySpark's client is installed to reach an engine with, and why."""
    if "spark.remote" in spark:
        return "spark", "[spark] sets spark.remote"
    if named := next((name for name in ("SPARK_REMOTE", "SPARK_HOME") if variables.get(name)), None):
        return "spark", f"{named} is set"
    spec = find_spec("pyspark")  # found, not imported
    folders = list(spec.submodule_search_locations or ()) if spec else []
    # The client leaves out what speaks to a JVM: `context.py` before Spark 4.0, `core` since.
    whole = any(Path(folder, name).exists() for folder in folders for name in ("context.py", "core"))
    if not folders:
        return "spark", "it is the default, though PySpark is not installed"
    if whole:
        return "spark", "the whole of PySpark is installed"
    if find_spec("pysail"):
        return "sail", "only PySpark's client is installed"
    return "spark", "Sail is not installed"


def _ledger(found: tuple[str, str, Path] | None, root: str) -> str:
    if found is None:
        if _URI.match(root):
            raise ConfigError(
                "warehouse", "ledger", "nothing", f"a database URL, as {root} cannot hold SQLite"
            )
        return _sqlite(Path(root, "ledger.db"))
    value, origin, base = found
    scheme, _, rest = value.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        file, _, query = rest[1:].partition("?")
        return _sqlite((base / unquote(file)).resolve()) + (f"?{query}" if query else "")
    if scheme in ("postgresql", "postgres", "postgresql+psycopg") and _is_url(value):
        return f"postgresql+psycopg://{rest}"
    raise ConfigError(origin, "ledger", f"{scheme}://…", "sqlite:///FILE or postgresql://USER@HOST/DATABASE")


def _sqlite(path: Path) -> str:
    """Return the URL of a file, where only what would mean something else is written otherwise."""
    return f"sqlite:///{str(path).replace('%', '%25').replace('?', '%3F')}"


def _is_url(value: str) -> bool:
    try:
        return urlsplit(value).port != 0
    except ValueError:
        return False
