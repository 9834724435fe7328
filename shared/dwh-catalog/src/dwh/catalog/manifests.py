"""The manifests of a table: each lists the files of a span of logical dates, and none is written twice.

A manifest's name holds its span and a digest of what it lists. So a table's next state shares, by name, what
has not changed with the state before, and with old ones that are still kept: one date more is one manifest
more, and a rollback writes none.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pyiceberg.io import FileIO
from pyiceberg.manifest import ManifestEntry, ManifestFile, write_manifest

from dwh.catalog.entries import Layout
from dwh.catalog.partitions import span_of
from dwh.catalog.wanted import Wanted
from dwh.core.ledger import Output

__all__ = [
    "COMPRESSION",
    "FORMAT",
    "Span",
    "listed_span",
    "own_manifests",
    "spans_of",
    "state_of",
    "written_manifest",
]

FORMAT: Final = 2
COMPRESSION: Final = "deflate"
_WRITTEN_AS = 1
"""Goes into names and digests: raise it when the same outputs are to be written down in another way."""

_NAME = re.compile(
    rf".*/dwh-{_WRITTEN_AS}-(?P<key>all|\d{{4}}-\d\d)-(?P<digest>[0-9a-f]{{40}})-[0-9a-f]{{8}}\.avro"
)


@dataclass(frozen=True)
class Span:
    """Neighbouring logical dates whose files one manifest lists.

    Attributes:
        key: which one of its table it is; keys are in the order of dates.
        digest: says what it lists: the same for the same outputs, laid out in the same way.
        outputs: empty where they were not looked up, because a manifest lists them already.
    """

    key: str
    digest: str
    outputs: tuple[Output, ...] = ()


def spans_of(wanted: Wanted, layout: Layout) -> list[Span]:
    """Return the spans of a table, in order; outputs without rows have no files to list."""
    found: dict[str, list[Output]] = defaultdict(list)
    for output in sorted(wanted.outputs, key=lambda output: output.partition_date):
        if output.row_count:
            found[span_of(output.partition_date, wanted.contracts[output.line])].append(output)
    return [
        Span(key, _digest(wanted, layout, outputs), tuple(outputs)) for key, outputs in sorted(found.items())
    ]


def state_of(spans: Iterable[Span], layout: Layout) -> str:
    """Return a digest of a whole state: of what is listed, and under which schema."""
    return _hash([layout.schema.schema_id, layout.spec.spec_id, [span.digest for span in spans]])


def own_manifests(manifests: Iterable[ManifestFile]) -> dict[str, ManifestFile]:
    """Return those manifests that are dwh's own, by digest."""
    matched = ((_NAME.fullmatch(one.manifest_path), one) for one in manifests)
    return {match["digest"]: one for match, one in matched if match}


def listed_span(manifest: ManifestFile) -> Span | None:
    """Return the span that a manifest lists, without its outputs; None if dwh did not write it like this."""
    match = _NAME.fullmatch(manifest.manifest_path)
    return Span(match["key"], match["digest"]) if match else None


def written_manifest(
    io: FileIO, location: str, span: Span, layout: Layout, snapshot_id: int, entries: Sequence[ManifestEntry]
) -> ManifestFile:
    """Write a manifest.

    Parameters:
        location: of the table.
    """
    output = io.new_output(f"{location}/metadata/{_name(span)}")
    with write_manifest(FORMAT, layout.spec, layout.schema, output, snapshot_id, COMPRESSION) as writer:
        for entry in entries:
            writer.add(entry)
    return writer.to_manifest_file()


def _name(span: Span) -> str:
    return f"dwh-{_WRITTEN_AS}-{span.key}-{span.digest}-{uuid.uuid4().hex[:8]}.avro"


def _digest(wanted: Wanted, layout: Layout, outputs: Sequence[Output]) -> str:
    lines = sorted({output.line for output in outputs})
    fields = {
        line: [_field(layout, column) for column in wanted.contracts[line]["columns"]] for line in lines
    }
    listed = [[output.run_id, str(output.partition_date)] for output in outputs]
    return _hash([_WRITTEN_AS, layout.data, layout.spec.spec_id, fields, listed])


def _field(layout: Layout, column: Mapping[str, object]) -> list[object]:
    """Return what statistics of a column depend on."""
    field = layout.schema.find_field(str(column["name"]), case_sensitive=False)
    return [column["name"], field.field_id, str(field.field_type)]


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:40]
