"""A configuration, handed to another process."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dwh.core.config import Config, SourcePlace, load_config
from dwh.migrate.releases._settings import to_toml

words = st.text(st.characters(exclude_categories=("Cs",)), min_size=1)
scalars = st.dictionaries(words, words, max_size=3)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(spark=scalars, options=scalars, password=words)
def test_the_other_process_has_the_same_configuration(tmp_path, spark, options, password):
    """Whatever settings, options and paths hold, they arrive as they were."""
    config = Config(
        warehouse=str(tmp_path / "ware house"),
        ledger="postgresql+psycopg://someone@127.0.0.1/dwh",
        environment="prod",
        spark=spark,
        sources={
            "flights": SourcePlace("jdbc", f"/data/{password.encode().hex()}", options),
            "customers": SourcePlace("catalog", None, table="lake.crm.customers-2"),
        },
    )
    (tmp_path / "dwh.toml").write_text(to_toml(config), "utf-8")
    found = load_config(tmp_path, {})
    same = {"origin": config.origin, "engine_reason": config.engine_reason}  # where it is written differs
    assert replace(found, **same) == config


@pytest.mark.parametrize("engine", ["spark", "sail"])
def test_the_engine_is_the_same(tmp_path, engine):
    """The engine goes along."""
    config = Config(warehouse=str(tmp_path), ledger=f"sqlite:///{tmp_path}/ledger.db", engine=engine)
    (tmp_path / "dwh.toml").write_text(to_toml(config), "utf-8")
    assert load_config(tmp_path, {}).engine == engine
