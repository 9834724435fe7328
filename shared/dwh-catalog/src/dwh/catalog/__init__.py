"""Published tables for SQL engines: Iceberg tables in a catalog, which follow the ledger.

Nothing is copied. An Iceberg table is a list of files; here these are the files that runs have written.
Read in this order: `settings` (`[catalogs.NAME]` of dwh.toml, with its `properties`), `subjects` (which
tables there are, and what they are called), `wanted` (what the ledger says of one), `schemas`, `partitions`,
`entries` and `manifests` (how that is written down), `numbered` (what adopted files say against it),
`layouts` and `commits` (one commit that brings a table to it), `foreign` (what others have changed there),
`recent` (after a few dates have changed), `sync` (all tables, again and again). `following` is what each
commit of the ledger calls.

Where there is no catalog, `served` are the tables by themselves, kept as `versions`, also in object `stores`;
`rest` answers for them, and `serving` runs that.

What the ledger says is what counts. A catalog never leads: what others change there is put right, and
reported.
"""

from __future__ import annotations

__all__: list[str] = []
