"""`[catalogs.NAME]` of dwh.toml: which catalogs there are, and what of the warehouse each of them has.

    [catalogs.lake]
    type = "sql"                                       # sql, rest or glue
    environments = ["prod"]                            # whose tables it has
    published = "{environment}_{schema}.{table}"       # their names; false for none
    lines = "{environment}_{schema}.{table}__v{line}"  # those of each line's tables; false for none
    metadata = "s3://bucket/_catalog"                  # beside the data, never in it
    data = "s3://bucket/warehouse"                     # how readers spell the warehouse's root
    keep_days = 7                                      # how long old states can be read
    timeout_seconds = 20                               # how long a run waits for it

    [catalogs.lake.properties]                         # as pyiceberg takes them
    uri = "postgresql+psycopg://dwh@db.example.org/catalog"

`DWH_CATALOGS` takes TOML that is added to these tables, such as a password:
`[lake.properties]` and `uri = "…"`. Values of properties are never shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter
from typing import Any, Literal
from urllib.parse import quote, unquote, urlsplit

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from dwh.catalog.errors import NoCatalogError
from dwh.catalog.properties import checked_properties
from dwh.core.config import Config
from dwh.core.errors import ConfigError, InvalidNameError
from dwh.core.names import valid_environment
from dwh.core.storage import new_storage

__all__ = [
    "CatalogSettings",
    "Kind",
    "as_uri",
    "catalog_settings",
    "chosen_catalogs",
    "served_settings",
    "was_served",
]

Kind = Literal["sql", "rest", "glue", "served"]
_KINDS = ("sql", "rest", "glue")
_PUBLISHED = "{environment}_{schema}.{table}"
_LINES = "{environment}_{schema}.{table}__v{line}"
_PLACES = {"environment", "schema", "table", "line"}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_LITERAL = re.compile(r"[a-z0-9_]*")
_URI = re.compile(r"[a-z][a-z0-9+.-]+:/")
_FILE = re.compile(r"^file:(//)?(?=/)")
_SERVED = "_catalog/_served"  # which no name of a catalog can be
_KEEP_DAYS, _TIMEOUT_SECONDS = 7, 20
_MOST = 36_500  # a century of days; Python's calendar does not go back much further
_KEYS = (
    *("type", "properties", "environments", "published", "lines"),
    *("metadata", "data", "keep_days", "timeout_seconds"),
)


@dataclass(frozen=True)
class CatalogSettings:
    """What dwh.toml says of a catalog, checked.

    Attributes:
        properties: as pyiceberg takes them; they may hold secrets.
        environments: whose tables it has.
        published, lines: patterns of names; None where such tables are not wanted.
        metadata: the folder of Iceberg's own files: an absolute path or a URI.
        data: how readers spell the root of the warehouse.
        warehouse: the root itself.
        keep_days: for how many days an old state can be read.
        timeout_seconds: how long a commit of the ledger waits for the catalog.
    """

    name: str
    type: Kind
    properties: Mapping[str, Any] = field(repr=False)
    environments: tuple[str, ...]
    published: str | None
    lines: str | None
    metadata: str
    data: str
    warehouse: str
    keep_days: float
    timeout_seconds: float


def catalog_settings(config: Config) -> list[CatalogSettings]:
    """Return the catalogs that a configuration names, in its order; raises ConfigError."""
    return [_catalog(name, table, config) for name, table in config.catalogs.items()]


def chosen_catalogs(config: Config, name: str | None) -> list[CatalogSettings]:
    """Return the catalog of a name, or all; raises NoCatalogError where there is none, and ConfigError."""
    found = [one for one in catalog_settings(config) if name in (None, one.name)]
    if not found:
        raise NoCatalogError(name, config.origin, config.catalogs)
    return found


def served_settings(config: Config) -> CatalogSettings:
    """Return what `dwh catalog serve` goes by, for which dwh.toml has nothing to say."""
    return CatalogSettings(
        name="served",
        type="served",
        properties={},
        environments=(),
        published=None,
        lines=None,
        metadata=as_uri(f"{config.warehouse.rstrip('/')}/{_SERVED}"),
        data=as_uri(config.warehouse),
        warehouse=config.warehouse,
        keep_days=_KEEP_DAYS,
        timeout_seconds=_TIMEOUT_SECONDS,
    )


def was_served(config: Config) -> bool:
    """Tell whether tables of a warehouse have been served."""
    return new_storage(config.warehouse).exists(_SERVED)


class _Table:
    """A table of the file: takes values out of it, and says what is wrong with them."""

    def __init__(self, name: str, values: object, config: Config) -> None:
        self.key, self.origin, self.config = f"catalogs.{name}", config.origin, config
        if not isinstance(values, dict):
            raise self.refused("", type(values).__name__, f"a table, written [{self.key}]")
        self.values: Mapping[str, Any] = values
        if unknown := sorted(set(values) - set(_KEYS)):
            raise self.refused("", unknown[0], ", ".join(_KEYS))

    def refused(self, key: str, found: object, allowed: str) -> ConfigError:
        return ConfigError(self.origin, f"{self.key}.{key}" if key else self.key, found, allowed)

    def text(self, key: str, default: str) -> str:
        value = self.values.get(key, default)
        if not isinstance(value, str) or not value:
            raise self.refused(key, value, "text in quotes, not empty")
        return value

    def number(self, key: str, default: float) -> float:
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _MOST:
            raise self.refused(key, value, f"a number above 0, such as {default:g}, up to {_MOST}")
        return value

    def location(self, key: str, default: str) -> str:
        value = self.text(key, default)
        if _FILE.match(value):
            return unquote(urlsplit(value).path)
        return value if _URI.match(value) else str((self.folder / value).resolve())

    @property
    def folder(self) -> Path:
        """Where relative paths start."""
        path = Path(self.origin)
        return path.parent if path.is_absolute() else Path.cwd()


def _catalog(name: str, values: object, config: Config) -> CatalogSettings:
    if not _NAME.fullmatch(name):
        allowed = "a lower-case letter, then lower-case letters, digits and underscores"
        raise ConfigError(config.origin, "catalogs", name, allowed)
    table = _Table(name, values, config)
    environments = _environments(table)
    metadata = table.location("metadata", _beside(config.warehouse, name))
    data = table.location("data", config.warehouse)
    _check_apart(table, metadata, config.warehouse)
    _check_apart(table, metadata, data)
    return CatalogSettings(
        name=name,
        type=_kind(table),
        properties=_properties(table),
        environments=environments,
        published=_pattern(table, "published", _PUBLISHED, environments),
        lines=_pattern(table, "lines", _LINES, environments),
        metadata=as_uri(metadata),
        data=as_uri(data),
        warehouse=config.warehouse,
        keep_days=table.number("keep_days", _KEEP_DAYS),
        timeout_seconds=table.number("timeout_seconds", _TIMEOUT_SECONDS),
    )


def _beside(warehouse: str, name: str) -> str:
    return f"{warehouse.rstrip('/')}/_catalog/{name}"


def as_uri(place: str) -> str:
    """Return a place as engines spell it: `s3a` is Hadoop's name for `s3`, and a path needs no `file:`."""
    if place.startswith(("s3a://", "s3n://")):
        return f"s3{place[3:]}".rstrip("/")
    return _FILE.sub("", place).rstrip("/")


def _kind(table: _Table) -> Kind:
    kind = table.text("type", "") if "type" in table.values else None
    if kind not in _KINDS:
        raise table.refused("type", kind, f"one of {', '.join(_KINDS)}, in quotes")
    return kind  # type: ignore[return-value]


def _properties(table: _Table) -> dict[str, Any]:
    values = table.values.get("properties", {})
    if not isinstance(values, dict):
        raise table.refused("properties", type(values).__name__, "a table of pyiceberg's properties")
    found = checked_properties(values, table.values.get("type"), table.refused)
    if table.values.get("type") in ("sql", "rest") and not found.get("uri"):
        raise table.refused("properties", "no uri", "the uri of the catalog: a database's URL, or a server's")
    if table.values.get("type") == "sql":
        found["uri"] = _database(table, found["uri"])
    return found


def _database(table: _Table, text: str) -> str:
    """Return the URL of a database, whose text is never shown: a password may be in any part of it."""
    scheme, _, rest = text.partition("://")
    kind, file = scheme.partition("+")[0], rest.partition("?")[0]
    if kind == "sqlite" and file.startswith("/") and file not in ("/", "/:memory:"):
        return f"{scheme}:///{_in_url((table.folder / unquote(file[1:])).resolve())}{rest[len(file) :]}"
    if kind in ("postgresql", "postgres") and _is_taken_apart(text):
        return f"{scheme if '+' in scheme else 'postgresql+psycopg'}://{rest}"
    other = "a URL that cannot be taken apart" if kind.startswith("postgres") or not rest else f"{kind}://…"
    allowed = (
        "sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE, where a password has %40 for @"
    )
    raise table.refused("properties.uri", other, allowed)


def _in_url(path: Path) -> str:
    """Return a path as SQLAlchemy takes it in a URL, which it decodes since 2.1."""
    return quote(str(path)) if make_url("sqlite:///%25").database == "%" else str(path)


def _is_taken_apart(url: str) -> bool:
    try:
        found = make_url(url)
    except (ArgumentError, ValueError):
        return False
    return not any("@" in (part or "") for part in (found.host, found.database))


def _environments(table: _Table) -> tuple[str, ...]:
    values = table.values.get("environments")
    if not isinstance(values, list) or not values:
        raise table.refused("environments", values, 'a list of environments, such as ["prod"]')
    try:
        return tuple(dict.fromkeys(map(valid_environment, values)))
    except InvalidNameError as error:
        raise table.refused("environments", error.value, error.allowed) from None


def _pattern(table: _Table, key: str, default: str, environments: Iterable[str]) -> str | None:
    if table.values.get(key) is False:
        return None
    pattern = table.text(key, default)
    needed = {
        "table",
        *(["environment"] if len(tuple(environments)) > 1 else []),
        *(["line"] if key == "lines" else []),
    }
    allowed = f"a name such as {default!r}, or false for no such tables"
    try:
        parts = list(Formatter().parse(pattern))
    except ValueError:
        raise table.refused(key, pattern, allowed) from None
    if any(spec or conversion for _, _, spec, conversion in parts):  # `{table:>70}` would be spaces
        raise table.refused(key, pattern, f"{allowed}: braces hold a word alone")
    names = [name for _, name, _, _ in parts if name is not None]
    plain = "".join(text for text, _, _, _ in parts)
    if plain.count(".") != 1 or not all(map(_LITERAL.fullmatch, plain.split("."))):
        raise table.refused(key, pattern, f"{allowed}: one dot, lower-case letters, digits and underscores")
    if not set(names) <= _PLACES - ({"line"} if key == "published" else set()):
        raise table.refused(
            key, pattern, f"{allowed}: braces hold environment, schema or table, and in lines line"
        )
    if lacking := sorted(needed - set(names)):
        raise table.refused(
            key, pattern, f"{allowed}: without {{{lacking[0]}}} two tables would share a name"
        )
    if any(part == "" or part[0].isdigit() for part in pattern.split(".")):
        raise table.refused(
            key, pattern, f"{allowed}: on each side of the dot a letter, an underscore or braces first"
        )
    return pattern


def _check_apart(table: _Table, metadata: str, warehouse: str) -> None:
    """Metadata above, or among, data would let engines take the data for theirs."""
    place, root = as_uri(metadata).rstrip("/") + "/", as_uri(warehouse).rstrip("/") + "/"
    below = place.removeprefix(root) if place.startswith(root) else None
    if root.startswith(place) or (below is not None and not below.startswith("_")):
        allowed = f"a place apart from the data: by default {_beside(warehouse, 'NAME')}"
        raise table.refused("metadata", metadata, allowed)
