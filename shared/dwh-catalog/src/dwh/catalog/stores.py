"""Files of served tables in an object store, reached by fsspec as the data is, with the same credentials.

Each is read whole, in one request, and one that is to be new never replaces another.
"""

from __future__ import annotations

from io import BytesIO

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs
from pyiceberg.io import PY_IO_IMPL, InputStream
from pyiceberg.io.fsspec import FsspecFileIO, FsspecInputFile
from pyiceberg.typedef import Properties

__all__ = ["StoreIO", "store_properties"]

_ROOT = "dwh.root"


def store_properties(root: str) -> dict[str, str]:
    """Return the properties by which pyiceberg reaches the files below a root: none on this machine."""
    return {PY_IO_IMPL: f"{StoreIO.__module__}.{StoreIO.__name__}", _ROOT: root} if "://" in root else {}


class StoreIO(FsspecFileIO):
    """The files below a root, for pyiceberg, which makes it from what `store_properties` returns."""

    def __init__(self, properties: Properties) -> None:
        super().__init__(properties)
        # What another server makes must be seen at once. One client serves all threads.
        self._system, _ = url_to_fs(properties[_ROOT], use_listings_cache=False)

    def get_fs(self, scheme: str, hostname: str | None = None) -> AbstractFileSystem:
        """Return the file system, which has all files."""
        return self._system

    def new_input(self, location: str) -> FsspecInputFile:
        """Return a file to read."""
        return _WholeFile(location, self._system)

    def write_new(self, location: str, content: bytes) -> None:
        """Write a file whole, or not at all.

        Raises FileExistsError when another is there. Of two that write at once one gets it where the store
        knows conditional writes and its client asks for them: on S3 and Google Cloud Storage. Raises OSError.
        """
        try:
            self._system.pipe_file(location, content, mode="create")
        except OSError as error:  # of which kind depends on the store
            there = self._content(location)
            if there == content:  # a request that was repeated, because its answer was lost
                return
            if there is None and "ConditionalRequestConflict" not in str(error):
                raise
            raise FileExistsError(f"{location} is there already") from error

    def _content(self, location: str) -> bytes | None:
        try:
            return bytes(self._system.cat_file(location))
        except FileNotFoundError:
            return None


class _WholeFile(FsspecInputFile):
    """A file that is read in one request."""

    def open(self, seekable: bool = True) -> InputStream:
        return BytesIO(self._fs.cat_file(self.location))
