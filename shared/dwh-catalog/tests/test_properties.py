"""What pyiceberg needs as a number, as yes or no, or as a word: given as that, or refused in a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from test_settings import settings

from dwh.catalog.connecting import connect
from dwh.core.errors import ConfigError


def found(folder: Path, line: str, kind: str = "glue") -> dict[str, Any]:
    """Return the properties of a catalog that has one line of them."""
    head = f'type = "{kind}"\nenvironments = ["prod"]\n[catalogs.lake.properties]\nuri = "sqlite:///c.db"\n'
    properties = dict(settings(folder, head + line).properties)
    del properties["uri"]
    return properties


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ('"glue.max-retries" = 5', 5),
        ('"glue.max-retries" = "5"', 5),
        ('"glue.max-retries" = 0', 0),
        ('"glue.skip-archive" = false', "false"),
        ('"glue.id" = 123456789012', "123456789012"),
        ('"s3.connect-timeout" = 2.5', "2.5"),
        ('"rest-page-size" = 100', "100"),
        ('"adls.anon" = false', False),
        ('"gcs.cache-timeout" = 60', 60.0),
        ("pool_pre_ping = true", "true"),
        ('echo = "debug"', "debug"),
        ('"s3.region" = "eu-central-1"', "eu-central-1"),
    ],
)
def test_each_is_given_as_pyiceberg_needs_it(tmp_path: Path, line: str, value: object) -> None:
    (got,) = found(tmp_path, line).values()
    assert (got, type(got)) == (value, type(value))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('"glue.max-retries" = "hidden"', "glue.max-retries: found 'other text', allowed: a whole number, 0"),
        ('"glue.max-retries" = 2.5', "glue.max-retries: found 2.5, allowed: a whole number"),
        ('"glue.max-retries" = -1', "glue.max-retries: found -1, allowed: a whole number"),
        ('"glue.max-retries" = true', "glue.max-retries: found True, allowed: a whole number"),
        ('"glue.max-retries" = ""', "glue.max-retries: found 'other text', allowed: a whole number"),
        ('"glue.retry-mode" = "hidden"', "glue.retry-mode: .*one of standard, adaptive, legacy, in quotes"),
        ('"rest-page-size" = 0', "rest-page-size: found 0, allowed: a whole number, 1 or more"),
        ('"s3.request-timeout" = "hidden"', "s3.request-timeout: .*a number of seconds above 0"),
        ('"s3.request-timeout" = inf', "s3.request-timeout: found inf, allowed: a number of seconds"),
        ('"s3.connect-timeout" = true', "s3.connect-timeout: found True, allowed: a number of seconds"),
        ('"s3.anonymous" = "hidden"', "s3.anonymous: found 'other text', allowed: true or false"),
        ("pool_pre_ping = 2", "pool_pre_ping: found 2, allowed: true or false"),
        ('schema_version = "v7"', "schema_version: .*one of v0, v1"),
        ('type = "sql"', r"properties\.type: .*it belongs above, as catalogs\.NAME\.type"),
        ('name = "hidden"', r"properties\.name: .*that of its table, \[catalogs\.NAME\]"),
        ('"py-catalog-impl" = "hidden.Catalog"', "properties.py-catalog-impl: .*of the types sql, rest and"),
        ("since = 2013-01-01", "properties.since: found 'date', allowed: text, a number or a boolean"),
        ('auth = { type = "noop" }', "properties.auth: found 'dict', allowed: text"),
    ],
)
def test_another_kind_is_refused_without_the_value_of_text(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(ConfigError, match=f"catalogs.lake.*{said}") as refused:
        found(tmp_path, line)
    assert "hidden" not in str(refused.value)


def test_a_rest_catalog_takes_tables_that_say_how_to_log_in(tmp_path: Path) -> None:
    tables = {
        "auth": {"type": "basic", "basic": {"username": "me", "password": "hidden"}},
        "ssl": {"cabundle": "ca.pem", "client": {"cert": "a.pem", "key": "b.pem"}},
    }
    line = (
        'auth = { type = "basic", basic = { username = "me", password = "hidden" } }\n'
        'ssl = { cabundle = "ca.pem", client = { cert = "a.pem", key = "b.pem" } }'
    )
    assert found(tmp_path, line, "rest") == tables


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('auth = "basic"', "properties.auth: found 'str', allowed: a table of pyiceberg's"),
        ("auth = { }", "properties.auth.type: found 'nothing', allowed: text: noop, basic"),
        ("auth.type = 1", "properties.auth.type: found 'int', allowed: text"),
        (
            'auth = { type = "basic", basic = "hidden" }',
            "properties.auth.basic: found 'str', allowed: a table",
        ),
        ('ssl = "hidden"', "properties.ssl: found 'str', allowed: a table"),
        ('ssl.client = "hidden"', "properties.ssl.client: found 'str', allowed: a table"),
    ],
)
def test_such_a_table_that_is_none_is_refused(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as refused:
        found(tmp_path, line, "rest")
    assert "hidden" not in str(refused.value)


def test_a_database_is_reached_with_numbers_and_booleans_among_its_properties(tmp_path: Path) -> None:
    text = (
        'type = "sql"\nenvironments = ["prod"]\n[catalogs.lake.properties]\nuri = "sqlite:///catalog.db"\n'
        'pool_pre_ping = true\necho = false\ninit_catalog_tables = true\n"buffer-size" = 65536\n'
    )
    assert connect(settings(tmp_path, text)).settings.name == "lake"
