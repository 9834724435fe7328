"""Tables that are nothing but files: a metadata file for each version, `v1.metadata.json` and so on.

Hadoop's catalogs keep tables so, too. A commit is the making of the next file, which of two that race only
one can do; no database or service is needed beside the warehouse. Old versions stay for days.
"""

from __future__ import annotations

import os
import secrets
import time
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path

from pyiceberg.catalog.noop import NoopCatalog
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError, ValidationError
from pyiceberg.io import FileIO, load_file_io
from pyiceberg.schema import Schema
from pyiceberg.serializers import FromInputFile
from pyiceberg.table import CommitTableResponse, Table
from pyiceberg.table.metadata import TableMetadata, TableMetadataV1
from pyiceberg.table.snapshots import MetadataLogEntry
from pyiceberg.table.update import TableRequirement, TableUpdate, update_table_metadata
from pyiceberg.typedef import Identifier

from dwh.catalog.stores import StoreIO, store_properties
from dwh.core.files import write_whole

__all__ = ["VersionFiles"]

_DAY_MS = 24 * 3600 * 1000


class VersionFiles(NoopCatalog):
    """A catalog of tables whose versions are files.

    Parameters:
        root: the folder of all tables: an absolute path or a URI.
        keep_days: for how long a version stays after the next one is there.
    """

    def __init__(self, name: str, root: str, keep_days: float) -> None:
        super().__init__(name, **store_properties(root))
        self.root, self.keep_days = root, keep_days
        self._io: FileIO = load_file_io(self.properties, root)

    def load_table(self, identifier: str | Identifier) -> Table:
        """Return the newest version of a table; raises NoSuchTableError, and OSError."""
        version, metadata = self._newest(identifier)
        if metadata is None:
            raise NoSuchTableError(f"there is no version of {identifier}")
        return Table(
            self.identifier_to_tuple(identifier), metadata, self._file(identifier, version), self._io, self
        )

    def namespace_exists(self, namespace: str | Identifier) -> bool:
        """Return True: a folder is there as soon as something is in it."""
        return True

    def commit_table(
        self, table: Table, requirements: tuple[TableRequirement, ...], updates: tuple[TableUpdate, ...]
    ) -> CommitTableResponse:
        """Make a table's next version; raises CommitFailedException when somebody else did, and OSError."""
        identifier = table.name()
        version, before = self._newest(identifier)
        for requirement in requirements:
            requirement.validate(before)
        base = before or TableMetadataV1.model_construct(last_column_id=-1, schema=Schema())
        after = update_table_metadata(base, updates, enforce_validation=before is None)
        if before is not None:
            after = after.model_copy(
                update={"metadata_log": self._log(before, self._file(identifier, version))}
            )
        path = self._file(identifier, version + 1)
        self._make(path, after)
        self._hint(identifier, version + 1)
        return CommitTableResponse.model_validate({"metadata": after, "metadata-location": path})

    def _newest(self, identifier: str | Identifier) -> tuple[int, TableMetadata | None]:
        """Return the number of the newest version, 0 before the first, and what it says.

        It says nothing when it cannot be used: a file that was removed or spoilt by hand, or that was brought
        here from a warehouse elsewhere. The next version then begins anew.
        """
        version = self._hinted(identifier)
        while self._io.new_input(self._file(identifier, version + 1)).exists():
            version += 1
        with suppress(FileNotFoundError, ValidationError, ValueError):
            found = FromInputFile.table_metadata(self._io.new_input(self._file(identifier, version)))
            if found.location == self._location(identifier):
                return version, found
        return version, None

    def _hinted(self, identifier: str | Identifier) -> int:
        """Return a version that was the newest at some time: the search for the newest starts there."""
        try:
            with self._io.new_input(self._hint_file(identifier)).open() as file:
                return int(file.read())
        except (FileNotFoundError, ValueError):
            return 0

    def _hint(self, identifier: str | Identifier, version: int) -> None:
        path = self._hint_file(identifier)
        with suppress(OSError):  # the search then is longer
            if isinstance(self._io, StoreIO):
                with self._io.new_output(path).create(overwrite=True) as file:
                    file.write(str(version).encode())
            else:
                write_whole(Path(path), str(version))

    def _log(self, before: TableMetadata, path: str) -> list[MetadataLogEntry]:
        """Return the versions before the next one that stay: each that was the newest within the time."""
        entry = MetadataLogEntry.model_validate(
            {"metadata-file": path, "timestamp-ms": before.last_updated_ms}
        )
        entries = [*before.metadata_log, entry]
        oldest = time.time() * 1000 - self.keep_days * _DAY_MS
        followed = zip_longest(entries, entries[1:])
        return [one for one, later in followed if later is None or later.timestamp_ms >= oldest]

    def _make(self, path: str, metadata: TableMetadata) -> None:
        """Write a file that is not there yet, whole or not at all."""
        content = metadata.model_dump_json().encode()
        try:
            if isinstance(self._io, StoreIO):
                self._io.write_new(path, content)
            else:
                _write_new(Path(path), content)
        except FileExistsError as error:
            raise CommitFailedException(f"{path} is there already") from error

    def _location(self, identifier: str | Identifier) -> str:
        return "/".join([self.root, *self.identifier_to_tuple(identifier)])

    def _file(self, identifier: str | Identifier, version: int) -> str:
        return f"{self._location(identifier)}/metadata/v{version}.metadata.json"

    def _hint_file(self, identifier: str | Identifier) -> str:
        return f"{self._location(identifier)}/metadata/version-hint.text"


def _write_new(path: Path, content: bytes) -> None:
    """Write a file of this machine, unless one is there: FileExistsError."""
    place = path.with_name(f"{path.name}.{secrets.token_hex(4)}.unfinished")
    try:
        place.write_bytes(content)
        os.link(place, path)  # unlike a rename, it never replaces what is there
    finally:
        place.unlink(missing_ok=True)
