"""The catalogs themselves, by pyiceberg; what they refuse becomes a CatalogError, without secrets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NoReturn

from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.exceptions import (
    AuthorizationExpiredError,
    CommitFailedException,
    ForbiddenError,
    NoSuchIcebergTableError,
    NoSuchPropertyException,
    NoSuchTableError,
    NotInstalledError,
    OAuthError,
    TableAlreadyExistsError,
    UnauthorizedError,
)
from pyiceberg.io import load_file_io
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.schema import Schema
from pyiceberg.table import StagedTable, Table
from pyiceberg.table.metadata import TableMetadata, new_table_metadata
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER

from dwh.catalog.commits import Base, Commit
from dwh.catalog.errors import CatalogError, ForeignTableError
from dwh.catalog.foreign import our_location
from dwh.catalog.settings import CatalogSettings
from dwh.catalog.subjects import Subject
from dwh.catalog.versions import VersionFiles
from dwh.core.errors import DwhError, one_line

__all__ = ["CommitConflictError", "Connected", "connect"]

_DENIED = (AuthorizationExpiredError, ForbiddenError, OAuthError, UnauthorizedError)
_DENIED_SAID = (
    *("password", "permission denied", "role "),  # by PostgreSQL
    *("unrecognizedclient", "invalidclienttoken", "signature", "expiredtoken", "credentials"),  # by AWS
)
_FORBIDDEN_SAID = "accessdenied"  # by AWS, to somebody whom it knows
_LOCKED_SAID = "database is locked"  # by SQLite
_THROTTLED_SAID = (
    *("throttl", "rate exceeded", "requestlimitexceeded"),  # by AWS
    *("toomanyrequests", "slowdown"),  # by REST catalogs
)
_OF_GLUE = "Glue table is missing"  # by pyiceberg, of a table that says nothing of itself
_SECRET = {"sql": "uri", "rest": "token", "glue": '"glue.secret-access-key"'}
_READING = "reading table"
_LONGEST = 255  # of Glue, of pyiceberg's columns in PostgreSQL, and of the folders that parts name


class CommitConflictError(Exception):
    """Somebody else has committed to the table meanwhile: it is to be looked at again."""


class Connected:
    """A catalog that is connected, and what dwh asks of it."""

    def __init__(self, settings: CatalogSettings, catalog: Catalog) -> None:
        self.settings, self._catalog = settings, catalog

    def table(self, subject: Subject) -> Table | None:
        """Return a table as it is; None where there is none. Raises ForeignTableError and CatalogError."""
        self._refuse_long(subject)
        with _reported(self.settings, f"{_READING} {subject.name}"):
            try:
                return self._catalog.load_table(subject.identifier)
            except (NoSuchIcebergTableError, NoSuchPropertyException):  # the first is a NoSuchTableError, too
                pass
            except NoSuchTableError:
                return None
            except ValueError as error:
                if _OF_GLUE not in str(error):
                    raise
            key = _key(self.settings, subject)
            raise ForeignTableError(self.settings.name, subject.name, "is not an Iceberg table", key)

    def base(self, subject: Subject, table: Table | None) -> Base:
        """Return what a commit is based on."""
        if table is not None:
            return Base(table.metadata, our_location(table.metadata), table.io)
        location = f"{self.settings.metadata}/{'/'.join(subject.identifier)}"
        with _reported(self.settings, f"reaching {location}"):
            return Base(None, location, load_file_io(self._catalog.properties, location))

    def describing(self, subject: Subject) -> AbstractContextManager[None]:
        """Make a CatalogError of what goes wrong while a commit is written down."""
        return _reported(self.settings, f"describing table {subject.name}")

    def make_namespace(self, subject: Subject) -> None:
        """Make the namespace of a table where it is missing, which not everybody may; raises CatalogError."""
        namespace = subject.identifier[0]
        with _reported(self.settings, f"looking for namespace {namespace}"):
            if self._catalog.namespace_exists(namespace):
                return
        with _reported(self.settings, f"making namespace {namespace}"):
            try:
                self._catalog.create_namespace_if_not_exists(namespace)
            except Exception as error:  # of whichever library it speaks to the catalog with
                if not isinstance(error, ForbiddenError) and _FORBIDDEN_SAID not in str(error).lower():
                    raise
                raise CatalogError(
                    self.settings.name,
                    f"making namespace {namespace}",
                    one_line(error),
                    f"ask somebody who may to create it, or let {_key(self.settings, subject)} in dwh.toml "
                    "name one that is there; then type: dwh catalog sync",
                ) from None

    def commit(self, subject: Subject, table: Table | None, base: Base, commit: Commit) -> TableMetadata:
        """Commit, in a namespace that is there; return the table as it is then.

        Raises CommitConflictError when the table is no longer as it was read, and CatalogError.
        """
        with _reported(self.settings, f"committing to table {subject.name}"):
            try:
                done = self._catalog.commit_table(
                    table or self._staged(subject, base), commit.requirements, commit.updates
                )
            except (CommitFailedException, TableAlreadyExistsError) as error:
                raise CommitConflictError(str(error)) from error
        return done.metadata

    def _refuse_long(self, subject: Subject) -> None:
        for part in subject.identifier:
            if len(part) > _LONGEST:
                raise CatalogError(
                    self.settings.name,
                    f"naming {subject}",
                    f"{part} has {len(part)} characters, and a catalog takes {_LONGEST}",
                    f"give {_key(self.settings, subject)} in dwh.toml a shorter pattern, "
                    "and type: dwh catalog sync",
                )

    def _staged(self, subject: Subject, base: Base) -> Table:
        """Return a table that is not there yet, which the first commit names."""
        empty = new_table_metadata(Schema(), UNPARTITIONED_PARTITION_SPEC, UNSORTED_SORT_ORDER, base.location)
        return StagedTable(subject.identifier, empty, f"{base.location}/metadata", base.io, self._catalog)


def connect(settings: CatalogSettings) -> Connected:
    """Return a catalog. Raises CatalogError when it cannot be reached."""
    if settings.type == "served":
        with _reported(settings, f"reaching {settings.metadata}"):
            return Connected(settings, VersionFiles(settings.name, settings.metadata, settings.keep_days))
    with _reported(settings, "connecting"):
        return Connected(settings, load_catalog(settings.name, type=settings.type, **settings.properties))


@contextmanager
def _reported(settings: CatalogSettings, action: str) -> Iterator[None]:
    try:
        yield
    except (CommitConflictError, DwhError):
        raise
    except Exception as error:  # of whichever library it speaks to the catalog with
        _refuse(settings, action, error)


def _refuse(settings: CatalogSettings, action: str, error: Exception) -> NoReturn:
    again, said = "the next dwh catalog sync makes up for it", str(error).lower()
    if isinstance(error, ImportError) and settings.type == "served":
        hint = "S3, for one, needs: pip install 'dwh-catalog[s3]'"
    elif isinstance(error, ImportError | NotInstalledError):
        extra = {"glue": "glue", "sql": "postgresql"}.get(settings.type, settings.type)
        hint = f"type: pip install 'dwh-catalog[{extra}]'"
    elif settings.type == "served":
        hint = f"see that {settings.metadata} can be read and written; what you remove there is made anew"
    elif _FORBIDDEN_SAID in said:
        hint = f"ask somebody who may to allow it; {again}"
    elif _LOCKED_SAID in said:
        hint = f"close what keeps it locked: Spark, for one, does, and needs a catalog in PostgreSQL; {again}"
    elif any(words in said for words in _THROTTLED_SAID):
        hint = f"it is being asked too often right now; {again}"
    elif isinstance(error, _DENIED) or any(words in said for words in _DENIED_SAID):
        key = f"{settings.name}.properties.{_SECRET[settings.type]}"
        hint = f"give it your credentials: export DWH_CATALOGS='{key} = \"…\"'; {again}"
    elif isinstance(error, FileNotFoundError) and _names_metadata(settings, action, error):
        hint = "its metadata is gone: drop the table there, which loses no data, and type: dwh catalog sync"
    elif _is_of_network(error):
        hint = f"see that it is up, and catalogs.{settings.name} in dwh.toml; {again}"
    elif isinstance(error, OSError):
        hint = f"see that {settings.metadata} can be written; {again}"
    else:
        hint = f"see catalogs.{settings.name} in dwh.toml; {again}"
    raise CatalogError(settings.name, action, _shown(error), hint) from None


def _is_of_network(error: Exception) -> bool:
    """Tell whether nobody answered: those errors of requests are of the kind that files have, too."""
    return isinstance(error, ConnectionError | TimeoutError) or type(error).__module__.startswith("requests.")


def _names_metadata(settings: CatalogSettings, action: str, error: FileNotFoundError) -> bool:
    """Tell whether what is not found is Iceberg's own, not an output's."""
    place = settings.metadata.partition("://")[2] or settings.metadata
    return action.startswith(_READING) or place in str(error)


def _key(settings: CatalogSettings, subject: Subject) -> str:
    """Return the key of dwh.toml that names a table."""
    return f"catalogs.{settings.name}.{'published' if subject.line is None else 'lines'}"


def _shown(error: Exception) -> str:
    """Return what a library says, without the statement that a database's wraps."""
    return one_line(getattr(error, "orig", None) or error)
