"""What `[catalogs.NAME]` may say, and what to type where it says something else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dwh.catalog.errors import NoCatalogError
from dwh.catalog.settings import CatalogSettings, catalog_settings, chosen_catalogs
from dwh.core.config import load_config
from dwh.core.errors import ConfigError

BARE = 'type = "sql"\nproperties = { uri = "sqlite:///catalog.db" }\n'
GOOD = f'{BARE}environments = ["prod"]\n'


def settings(folder: Path, text: str, above: str = "") -> CatalogSettings:
    (folder / "dwh.toml").write_text(f"{above}\n[catalogs.lake]\n{text}")
    return catalog_settings(load_config(folder, {}))[0]


def test_little_needs_to_be_said(tmp_path: Path) -> None:
    found = settings(tmp_path, GOOD, 'environment = "dev"')
    assert found.environments == ("prod",)
    assert found.published == "{environment}_{schema}.{table}"
    assert found.metadata == f"{tmp_path}/warehouse/_catalog/lake"
    assert found.properties == {"uri": f"sqlite:///{tmp_path}/catalog.db"}


def test_what_hadoop_calls_s3a_readers_call_s3(tmp_path: Path) -> None:
    above = 'warehouse = "s3a://bucket/dwh/"\nledger = "postgresql://dwh@db/dwh"'
    found = settings(tmp_path, GOOD, above)
    assert (found.data, found.metadata) == ("s3://bucket/dwh", "s3://bucket/dwh/_catalog/lake")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            'environments = ["a"]',
            "catalogs.lake.type: found None, allowed: one of sql, rest, glue, in quotes",
        ),
        ('type = "hive"\nenvironments = ["a"]', "catalogs.lake.type: found 'hive'"),
        ('type = "rest"\nenvironments = ["a"]', "catalogs.lake.properties: found 'no uri'"),
        (GOOD + "extra = 1", "catalogs.lake: found 'extra', allowed: type, properties"),
        ('type = "glue"\nenvironments = ["a"]\nproperties = 1', "catalogs.lake.properties: found 'int'"),
        (
            'type = "glue"\nenvironments = ["a"]\nproperties = { s3 = { region = "x" } }',
            "properties.s3: found 'dict'",
        ),
        (BARE, "catalogs.lake.environments: found None, allowed: a list of environments"),
        (BARE + "environments = []", "catalogs.lake.environments: found \\[\\]"),
        (BARE + 'environments = ["Prod!"]', "catalogs.lake.environments: found 'Prod!'"),
        (GOOD + 'published = "{table}"', "catalogs.lake.published: found '{table}', allowed: .*one dot"),
        (GOOD + 'published = "a.b-{table}"', "allowed: .*one dot, lower-case letters"),
        (GOOD + 'published = "a.{table}_{line}"', "braces hold environment, schema or table"),
        (GOOD + 'published = "a.{table"', "catalogs.lake.published: found"),
        (GOOD + 'published = "a.{schema}"', "without {table} two tables would share a name"),
        (GOOD + 'lines = "a.{table}"', "without {line} two tables"),
        (GOOD + 'published = "a.{table:>70}"', "braces hold a word alone"),
        (GOOD + 'published = "a.{table!r}"', "braces hold a word alone"),
        (GOOD + 'published = "our lake.{table}"', "allowed: .*one dot, lower-case letters"),
        (GOOD + 'published = ".{schema}_{table}"', "on each side of the dot a letter"),
        (GOOD + 'published = "{schema}_{table}."', "on each side of the dot a letter"),
        (GOOD + 'published = "2013_{schema}.{table}"', "on each side of the dot a letter"),
        (GOOD + 'data = "s3a://b/dwh"\nmetadata = "s3://b/dwh/shop"', "a place apart from the data"),
        (
            BARE + 'environments = ["dev", "prod"]\npublished = "a.{table}"',
            "without {environment} two tables",
        ),
        (GOOD + "published = true", "catalogs.lake.published: found True"),
        (GOOD + 'metadata = "warehouse"', "catalogs.lake.metadata: .*a place apart from the data"),
        (GOOD + 'metadata = "warehouse/shop"', "a place apart from the data"),
        (GOOD + 'metadata = "."', "a place apart from the data"),
        (GOOD + "keep_days = 0", "catalogs.lake.keep_days: found 0, allowed: a number above 0"),
        (GOOD + "keep_days = nan", "catalogs.lake.keep_days: found nan, allowed: a number above 0"),
        (GOOD + "keep_days = inf", "catalogs.lake.keep_days: found inf, allowed: .* up to 36500"),
        (GOOD + "keep_days = 1000000", "catalogs.lake.keep_days: found 1000000, allowed: .* up to 36500"),
        (GOOD + "timeout_seconds = inf", "catalogs.lake.timeout_seconds: found inf"),
        (GOOD + "timeout_seconds = true", "catalogs.lake.timeout_seconds: found True"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_can(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        settings(tmp_path, text)


def test_a_path_with_a_scheme_is_the_same_path(tmp_path: Path) -> None:
    assert settings(tmp_path, GOOD + f'data = "file://{tmp_path}/warehouse/"').data == f"{tmp_path}/warehouse"
    assert settings(tmp_path, GOOD + 'data = "file:///data/w%20h"').data == "/data/w h"
    with pytest.raises(ConfigError, match="a place apart from the data"):
        settings(tmp_path, GOOD + f'metadata = "file:{tmp_path}/warehouse/shop"')


@pytest.mark.parametrize(
    ("uri", "is_read"),
    [
        ("sqlite:///c.db?timeout=5", "sqlite:///{folder}/c.db?timeout=5"),
        ("sqlite+pysqlite:///a%20b.db", "sqlite+pysqlite:///{folder}/a%20b.db"),
        ("postgres://dwh@h/lake?sslmode=require", "postgresql+psycopg://dwh@h/lake?sslmode=require"),
        ("postgresql+psycopg2://h/lake", "postgresql+psycopg2://h/lake"),
    ],
)
def test_a_database_is_named_by_its_url(tmp_path: Path, uri: str, is_read: str) -> None:
    found = settings(tmp_path, f'type = "sql"\nenvironments = ["a"]\nproperties.uri = "{uri}"')
    assert found.properties["uri"] == is_read.format(folder=tmp_path)


@pytest.mark.parametrize("uri", ["sqlite://", "sqlite:///:memory:", "mysql://dwh:hidden@h/lake", "hidden"])
def test_what_keeps_no_catalog_is_told_with_what_does(tmp_path: Path, uri: str) -> None:
    with pytest.raises(ConfigError, match=r"properties\.uri: .* allowed: sqlite:///FILE or") as refused:
        settings(tmp_path, f'type = "sql"\nenvironments = ["a"]\nproperties.uri = "{uri}"')
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize("password", ["hid@den", "1/hid@den"])
def test_a_password_that_takes_a_url_apart_is_told_and_not_shown(tmp_path: Path, password: str) -> None:
    text = f'type = "sql"\nenvironments = ["a"]\nproperties.uri = "postgresql://dwh:{password}@h/lake"'
    with pytest.raises(ConfigError, match=r"properties\.uri: .* where a password has %40 for @") as refused:
        settings(tmp_path, text)
    assert not any(part in str(refused.value) for part in ("hid", "den"))


def test_values_of_properties_are_never_shown(tmp_path: Path) -> None:
    found = settings(
        tmp_path,
        'type = "rest"\nenvironments = ["a"]\nproperties = { uri = "http://here", token = "hidden" }',
    )
    assert "hidden" not in repr(found)
    with pytest.raises(ConfigError) as refused:
        settings(
            tmp_path, 'type = "rest"\nenvironments = ["a"]\nproperties = { uri = "h", token = ["hidden"] }'
        )
    assert "hidden" not in str(refused.value)


def test_without_a_catalog_it_is_said_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(NoCatalogError, match=r"there is no dwh.toml here or above .*write one: \[cat"):
        chosen_catalogs(load_config(tmp_path, {}), None)
    (tmp_path / "dwh.toml").write_text(f"[catalogs.lake]\n{GOOD}")
    with pytest.raises(NoCatalogError, match=r"names no catalog 'sea'; named there: lake"):
        chosen_catalogs(load_config(tmp_path, {}), "sea")


def test_the_page_names_catalogs_that_can_be_used(tmp_path: Path, repository: Path) -> None:
    """Each example of its own type, as it is written."""
    page = (repository / "docs" / "catalogs.md").read_text("utf-8")
    examples = re.findall(r"^```toml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    found = []
    for text in examples:
        (tmp_path / "dwh.toml").write_text(text)
        found += [one.type for one in catalog_settings(load_config(tmp_path, {}))]
    assert found == ["sql", "sql", "rest", "glue"]
