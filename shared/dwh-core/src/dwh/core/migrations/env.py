"""Alembic's entry: runs the migrations on the connection that `dwh.core.migrations` hands over."""

from alembic import context

from dwh.core.ledger.schema import ledger_version, metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, version_table=ledger_version.name)
with context.begin_transaction():
    context.run_migrations()
