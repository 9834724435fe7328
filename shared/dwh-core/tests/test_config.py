"""The configuration: where it is found, what it may say, what is refused."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dwh.core.config import load_config
from dwh.core.errors import ConfigError, InvalidNameError
from dwh.core.ledger import Ledger


def written(folder: Path, text: str, **variables: str):
    """Return the configuration of a folder with this dwh.toml."""
    (folder / "dwh.toml").write_text(text, "utf-8")
    return load_config(folder, variables)


def test_a_file_as_an_editor_saves_it(tmp_path):
    """A byte order mark and Windows's line ends do not matter; UTF-16 is refused by its name."""
    text = 'environment = "prod"\r\n\r\n[spark]\r\n"spark.master" = "local[1]"\r\n'
    (tmp_path / "dwh.toml").write_bytes(text.encode("utf-8-sig"))
    config = load_config(tmp_path, {})
    assert (config.environment, config.spark) == ("prod", {"spark.master": "local[1]"})
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        (tmp_path / "dwh.toml").write_bytes(text.encode(encoding))
        with pytest.raises(ConfigError, match="found 'text in UTF-16', allowed: text in UTF-8"):
            load_config(tmp_path, {})


def test_without_a_file(tmp_path):
    """Without a file, the warehouse is a folder in the working directory, with SQLite in it."""
    config = load_config(tmp_path, {"DWH_CONFIG": ""})
    assert config.warehouse == str(tmp_path / "warehouse")
    assert config.ledger == f"sqlite:///{tmp_path}/warehouse/ledger.db"
    assert (config.environment, config.sources, config.origin) == ("dev", {}, "no dwh.toml")


def test_the_file_is_found_upward(tmp_path):
    """The nearest file upward counts, and relative paths start at its folder."""
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    written(tmp_path, 'warehouse = "data"\n[sources.t]\nformat = "csv"\npath = "landing/t"\n')
    config = load_config(below, {})
    assert config.warehouse == str(tmp_path / "data")
    assert config.sources["t"].path == str(tmp_path / "landing" / "t")
    assert config.origin == str(tmp_path / "dwh.toml")


def test_variables_go_over_the_file(tmp_path):
    """A variable goes over the file; its relative paths start at the working directory."""
    below = tmp_path / "below"
    below.mkdir()
    (tmp_path / "dwh.toml").write_text(
        'warehouse = "data"\nenvironment = "dev"\n[spark]\n"spark.a" = "1"\n"spark.b" = "1"\n'
        '[sources.t]\nformat = "csv"\n[sources.u]\nformat = "csv"\n'
    )
    variables = {
        "DWH_WAREHOUSE": "other",
        "DWH_ENVIRONMENT": "prod",
        "DWH_LEDGER": "sqlite:///l.db",
        "DWH_SPARK": '"spark.b" = 2\n"spark.c" = true',
        "DWH_SOURCES": 't = { format = "json", path = "t" }',
    }
    config = load_config(below, variables)
    assert config.warehouse == str(below / "other")
    assert config.ledger == f"sqlite:///{below}/l.db"
    assert config.environment == "prod"
    assert config.spark == {"spark.a": "1", "spark.b": "2", "spark.c": "true"}
    assert {name: place.format for name, place in config.sources.items()} == {"t": "json", "u": "csv"}
    assert config.sources["t"].path == str(below / "t")


def test_a_variable_names_the_file(tmp_path):
    """DWH_CONFIG names the file, wherever it is."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "my.toml").write_text('environment = "staging"\n')
    config = load_config(tmp_path, {"DWH_CONFIG": "elsewhere/my.toml"})
    assert (config.environment, config.warehouse) == ("staging", str(elsewhere / "warehouse"))


@pytest.mark.parametrize("uri", ["s3a://bucket/wh", "hdfs://name:8020/wh", "dbfs:/mnt/wh", "gs://b"])
def test_uris_stay_as_they_are(tmp_path, uri):
    """A URI that Spark can write is left alone; it needs a ledger elsewhere."""
    text = f'warehouse = "{uri}"\n'
    assert written(tmp_path, text, DWH_LEDGER="postgresql://h/d").warehouse == uri
    with pytest.raises(ConfigError, match="cannot hold SQLite"):
        written(tmp_path, text)


@pytest.mark.parametrize("value", ["file:///data/w%20h", "/data/w h"])
def test_local_places(tmp_path, value):
    """A file URI and a path mean the same place."""
    assert written(tmp_path, f'warehouse = "{value}"\n').warehouse == "/data/w h"


@pytest.mark.parametrize(
    ("value", "ledger"),
    [
        ("sqlite:///l.db", "sqlite:///{folder}/l.db"),
        ("sqlite:////data/l.db", "sqlite:////data/l.db"),
        ("sqlite:///l.db?timeout=5", "sqlite:///{folder}/l.db?timeout=5"),
        ("postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgres://u@h/d?sslmode=require", "postgresql+psycopg://u@h/d?sslmode=require"),
    ],
)
def test_ledgers(tmp_path, value, ledger):
    """A ledger is a SQLite file or a PostgreSQL database."""
    assert written(tmp_path, f'ledger = "{value}"\n').ledger == ledger.format(folder=tmp_path)


@pytest.mark.parametrize("text", ["", 'ledger = "sqlite:///warehouse/ledger.db?timeout=5"\n'])
@pytest.mark.parametrize("folder", ["a%20b", "who?", "é b"])
def test_a_ledger_lies_in_its_folder_whatever_that_is_called(tmp_path, folder, text):
    """Neither `%20` nor `?` in the name of a folder is part of a URL."""
    place = tmp_path / folder
    place.mkdir()
    Ledger.create(written(place, text).ledger)
    assert (place / "warehouse" / "ledger.db").exists()
    assert [path.name for path in tmp_path.iterdir()] == [folder]


@pytest.mark.parametrize(
    ("text", "key", "allowed"),
    [
        ("warehouse", "syntax", "TOML"),
        ("warehouse = 3", "warehouse", "text in quotes"),
        ('warehouse = ""', "warehouse", "text in quotes"),
        ('warehouse = "data/*"', "warehouse", "without"),
        ('warehouze = "data"', "warehouze", "warehouse, ledger, environment, engine, wheelhouse"),
        ('ledger = "mysql://h/d"', "ledger", "sqlite:///FILE or postgresql://"),
        ('ledger = "sqlite://"', "ledger", "sqlite:///FILE or postgresql://"),
        ('ledger = "postgresql://h:port/d"', "ledger", "sqlite:///FILE or postgresql://"),
        ('environment = "Prod"', "environment", "lower-case"),
        ('environment = "../prod"', "environment", "lower-case"),
        ('engine = "flink"', "engine", "spark or sail"),
        ('engine = "sail"\n[spark]\n"spark.remote" = "sc://h"', "engine", "or sail without it"),
        ("spark = 3", "spark", "a table, written [spark]"),
        ("[spark]\nspark.master = 'local'", "spark", "needs quotes"),
        ("[spark]\nd = 2013-01-01", "d", "text, a number or a boolean"),
        ("sources = 'x'", "sources", "a table, written [sources]"),
        ("[sources.t]\npath = 'x'", "sources.t", "a table with format"),
        ("[sources.t]\nformat = 'csv'\nfile = 'x'", "sources.t", "a table with format"),
        ("[sources.t]", "sources.t", "or with table alone"),
        ("[sources.t]\ntable = 'a.b'\npath = 'x'", "sources.t", "one of both: table alone"),
        ("[sources.t]\ntable = 'a.b'\nformat = 'iceberg'", "sources.t", "one of both: table alone"),
        ("[sources.t]\ntable = 'a..b'", "sources.t.table", "such as lake.crm.customers"),
        ("[sources.t]\ntable = 'a.`b'", "sources.t.table", "such as lake.crm.customers"),
        ("[sources.t]\ntable = ''", "sources.t.table", "text in quotes"),
        ("[sources]\nt = 'x'", "sources.t", "a table with format"),
        ("[sources.t]\nformat = 3", "sources.t.format", "text in quotes"),
        ("[sources.t]\nformat = 'csv'\npath = ['x']", "sources.t.path", "text in quotes"),
        ("[sources.t]\nformat = 'csv'\noptions = 'x'", "sources.t.options", "a table of options"),
        ("[sources.t]\nformat = 'csv'\noptions = { a = [] }", "a", "text, a number or a boolean"),
        ("[sources.'../t']\nformat = 'csv'", "sources", "words joined by dots"),
    ],
)
def test_what_is_refused(tmp_path, text, key, allowed):
    """A wrong key or value is refused with the file, the key, and what is allowed."""
    with pytest.raises(ConfigError) as caught:
        written(tmp_path, text)
    message = caught.value.message
    assert message.startswith(str(tmp_path / "dwh.toml"))
    assert key in message.partition("allowed:")[0]
    assert allowed in message.partition("allowed:")[2]
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "text",
    [
        'ledgr = "postgresql://u:hunter2@h/d"',
        'ledger = "mysql://u:hunter2@h/d"',
        'ledger = "postgresql://u:hunter2@h:port/d"',
        '[spark]\nspark.hadoop.fs.s3a.secret.key = "hunter2"',
        '[sources.t]\nformat = "jdbc"\npassword = "hunter2"',
        '[sources.t]\nformat = "jdbc"\noptions = "hunter2"',
        '[sources.t]\nformat = "jdbc"\noptions = { password = ["hunter2"] }',
        'spark = "hunter2"',
    ],
)
def test_secrets_stay_out_of_messages(tmp_path, text):
    """A mistake beside a secret is reported without the secret."""
    with pytest.raises(ConfigError) as caught:
        written(tmp_path, text)
    assert "hunter2" not in str(caught.value)


def test_secrets_stay_out_of_the_repr(tmp_path):
    """Showing a configuration shows no password and no option."""
    text = 'ledger = "postgresql://u:hunter2@h/d"\n'
    text += '[sources.t]\nformat = "jdbc"\noptions = { password = "hunter2" }\n'
    text += (
        '[sources.s]\nformat = "csv"\npath = "s3a://key:hunter2@bucket/s"\n[spark]\n"spark.x" = "hunter2"\n'
    )
    assert "hunter2" not in repr(written(tmp_path, text))


@pytest.mark.parametrize(
    "variable", ["DWH_SPARK", "DWH_SOURCES", "DWH_ENVIRONMENT", "DWH_LEDGER", "DWH_CONFIG"]
)
def test_a_variable_is_named(tmp_path, variable):
    """What is wrong in a variable is reported with the variable's name."""
    with pytest.raises(ConfigError, match=variable):
        load_config(tmp_path, {variable: "="})


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_a_file_that_cannot_be_read(tmp_path, content):
    """A file that is not text, or is none, is reported with its name."""
    path = tmp_path / "dwh.toml"
    if content is None:
        path = tmp_path / "other.toml"
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=path.name):
        load_config(tmp_path, {"DWH_CONFIG": path.name})


def test_another_environment(tmp_path):
    """A configuration can be taken for another environment, whose name is checked."""
    config = load_config(tmp_path, {})
    assert config.in_environment("prod").environment == "prod"
    with pytest.raises(InvalidNameError):
        config.in_environment("prod'; --")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(
    st.recursive(
        st.one_of(
            st.text(max_size=8),
            st.integers(),
            st.booleans(),
            st.floats(-9, 9).map(lambda number: round(number, 2)),
        ),
        lambda inner: st.dictionaries(
            st.sampled_from(["format", "path", "options", "t", "../t"]), inner, max_size=3
        ),
        max_leaves=6,
    ),
    st.sampled_from(["warehouse", "ledger", "environment", "engine", "spark", "sources", "other"]),
)
def test_any_toml_is_used_or_refused(tmp_path, value, key):
    """Whatever a file holds, it is a configuration or ConfigError."""

    def toml(value):
        if isinstance(value, dict):
            return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
        return json.dumps(value)

    with suppress(ConfigError):
        written(tmp_path, f"{key} = {toml(value)}\n")


@pytest.mark.parametrize(
    ("files", "variables", "text", "engine"),
    [
        (("core/context.py", "sql/__init__.py"), {}, "", "spark"),  # PySpark 4
        (("context.py",), {}, "", "spark"),  # PySpark 3.5
        (("sql/__init__.py",), {}, "", "sail"),  # its client alone
        (("sql/__init__.py",), {"SPARK_REMOTE": "sc://h"}, "", "spark"),
        (("sql/__init__.py",), {"SPARK_HOME": "/opt/spark"}, "", "spark"),
        (("sql/__init__.py",), {}, '[spark]\n"spark.remote" = "sc://h"\n', "spark"),
        (("sql/__init__.py",), {}, 'engine = "spark"\n', "spark"),
        ((), {}, "", "spark"),  # a run then says what is missing
    ],
)
def test_the_engine_that_is_there(tmp_path, monkeypatch, files, variables, text, engine):
    """Nobody says so: Spark, or Sail where PySpark's client has nothing else to reach."""
    site = tmp_path / "site"
    for name in (*(f"pyspark/{file}" for file in files), "pysail/__init__.py"):
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).touch()

    def installed(name: str) -> SimpleNamespace | None:
        folder = site / name
        return SimpleNamespace(submodule_search_locations=[str(folder)]) if folder.exists() else None

    monkeypatch.setattr("dwh.core.config.find_spec", installed)
    (tmp_path / "dwh.toml").write_text(text, "utf-8")
    assert load_config(tmp_path, variables).engine == engine


def test_the_engine(tmp_path):
    """The engine is Spark, unless the file or, over it, the variable names another."""
    assert load_config(tmp_path, {}).engine == "spark"
    assert written(tmp_path, 'engine = "sail"\n').engine == "sail"
    assert load_config(tmp_path, {"DWH_ENGINE": "spark"}).engine == "spark"


def test_why_it_is_this_engine(tmp_path):
    """What decided for the engine is told: a file, a variable, or what is installed."""
    assert "dwh.toml says so" in written(tmp_path, 'engine = "sail"\n').engine_reason
    assert load_config(tmp_path, {"DWH_ENGINE": "spark"}).engine_reason == "DWH_ENGINE says so"
    (tmp_path / "dwh.toml").unlink()
    assert load_config(tmp_path, {"SPARK_REMOTE": "sc://here"}).engine_reason == "SPARK_REMOTE is set"
    assert load_config(tmp_path, {}).engine_reason == "the whole of PySpark is installed"
