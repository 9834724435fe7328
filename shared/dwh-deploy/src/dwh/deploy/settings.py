"""The configuration that goes along: dwh.toml as it is, once nothing in it is local or secret.

The job finds it in its working directory, as any dwh does. What environment variables say here does
not go along. The ledger's URL, where it holds a password, stays in AWS Secrets Manager, or in
Databricks' secrets: the job reads it when it starts.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import make_url

from dwh.core.config import FILE_NAME, Config, load_config
from dwh.core.errors import ConfigError, without_secrets

__all__ = ["read_settings"]

_SECRET = re.compile(r"(?i)passw|pwd|secret|token|credential|access.?key|account.?key|sas")
_PASSWORD = re.compile(r"://[^/\s:@]*:[^/\s@]+@")
_READ_LATER = "postgresql://secret"  # the URL that the job will read; which one does not matter here
_KEEP_OUT = "no secrets in the file, which is uploaded: let the platform's role give access"


def read_settings(schemes: tuple[str, ...], secret: str | None, hint: str) -> bytes:
    """Return the dwh.toml of the working directory, or the one that `DWH_CONFIG` names, as it is.

    Parameters:
        schemes: how a place on the platform may begin, such as `s3://`; the first is the usual one.
        secret: the name of the secret with the ledger's URL, None when the file says where it is.
        hint: what to type so that the ledger's URL comes from a secret.

    Raises ConfigError for what is missing, local to this machine, or secret.
    """
    config = _load(secret, hint)
    origin, path = config.origin, Path(config.origin)
    if not path.is_file():
        raise ConfigError(origin, "the file", "nothing", f"a {FILE_NAME}, which the job needs there")
    content = path.read_bytes()
    if _PASSWORD.search(content.decode()):  # also in a comment
        allowed = f"no password, as the file is uploaded; put the ledger's whole URL into a secret: {hint}"
        raise ConfigError(origin, "the file", "a URL with a password", allowed)
    _check_ledger(config, secret, hint)
    _check_place(origin, "warehouse", config.warehouse, schemes)
    for name, source in config.sources.items():
        key = f"sources.{name}"
        if source.path is not None:
            _check_place(origin, f"{key}.path", source.path, (*schemes, "jdbc:"))
        _check_options(origin, f"{key}.options", source.options)
    _check_options(origin, "spark", config.spark)
    _check_catalogs(config)
    for setting in ("spark.master", "spark.remote"):
        if setting in config.spark:
            raise ConfigError(origin, setting, config.spark[setting], "nothing: the platform has Spark")
    if config.engine != "spark":
        raise ConfigError(origin, "engine", config.engine, "nothing, or spark: the platform has Spark")
    return content


def _load(secret: str | None, hint: str) -> Config:
    """Return what the file alone says, without this machine's variables."""
    variables = {"DWH_CONFIG": named} if (named := os.environ.get("DWH_CONFIG")) else {}
    try:
        return load_config(variables=variables)
    except ConfigError as error:
        if (error.key, error.found) != ("ledger", "nothing"):
            raise
        if secret is not None:
            return load_config(variables={**variables, "DWH_LEDGER": _READ_LATER})
        allowed = f"postgresql://USER@HOST/DATABASE, or {hint} for one whose URL is a secret"
        raise ConfigError(FILE_NAME, "ledger", "nothing", allowed) from None


def _check_ledger(config: Config, secret: str | None, hint: str) -> None:
    url = make_url(config.ledger)
    if any(_SECRET.search(key) for key in url.query):
        allowed = f"a URL without a password; put the whole URL into a secret: {hint}"
        raise ConfigError(config.origin, "ledger", "a password", allowed)
    if url.get_backend_name() != "postgresql" and secret is None:
        allowed = f"postgresql://USER@HOST/DATABASE: jobs on other machines share it; or {hint}"
        raise ConfigError(config.origin, "ledger", url.drivername, allowed)


def _check_place(origin: str, key: str, place: str, schemes: tuple[str, ...]) -> None:
    if without_secrets(place) != place:
        raise ConfigError(origin, key, without_secrets(place), _KEEP_OUT)
    if not place.startswith(schemes):
        allowed = f"a place that the platform reaches, such as {schemes[0]}BUCKET/FOLDER"
        raise ConfigError(origin, key, place, allowed)


def _check_catalogs(config: Config) -> None:
    for name, table in config.catalogs.items():
        properties = table.get("properties") if isinstance(table, dict) else None
        if isinstance(properties, dict):
            texts = {str(key): str(value) for key, value in properties.items()}
            _check_options(config.origin, f"catalogs.{name}.properties", texts)


def _check_options(origin: str, key: str, options: Mapping[str, str]) -> None:
    for name, value in options.items():
        if _SECRET.search(name) or without_secrets(value) != value:
            raise ConfigError(origin, f"{key}.{name}", "what may be a secret", _KEEP_OUT)
