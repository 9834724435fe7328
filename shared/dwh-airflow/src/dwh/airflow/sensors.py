"""The sensor: wait until an environment publishes a logical date of a table."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dwh.airflow._airflow import BaseSensorOperator, PokeReturnValue
from dwh.airflow._base import check_dates, is_settled, variables, with_doc
from dwh.core.config import load_config
from dwh.core.dates import logical_dates
from dwh.core.names import valid_environment, valid_table

if TYPE_CHECKING:
    from dwh.core.config import Config
    from dwh.core.ledger import Output

__all__ = ["DwhPublishedSensor"]


class DwhPublishedSensor(BaseSensorOperator):
    """Wait until an environment publishes a logical date of a table.

        DwhPublishedSensor(task_id="delays_there", table="flights.carrier_delays", environment="prod")

    It reads the ledger, no data, and needs no Spark. The XCom says which run is published: its id, line,
    release and rows.

    Parameters:
        table: such as `flights.carrier_delays`.
        environment: by default the configured one.
        date: the logical date, as `2013-01-15`. By default the DAG run's logical date, or where it has
            none the `date` of its configuration.
        config: the path of the dwh.toml; by default it is found as `dwh` finds it.
        env: more of the environment variables that configure dwh, such as `DWH_LEDGER`.
        arguments: what Airflow's sensors take: `mode` (`poke` or `reschedule`), `poke_interval`, `timeout`.

    Raises InvalidNameError or InvalidDateError while the DAG is parsed.
    """

    template_fields: Sequence[str] = ("table", "environment", "date", "config", "env")
    ui_color = "#e6f1e0"

    def __init__(
        self,
        *,
        table: str,
        environment: str | None = None,
        date: object = None,
        config: str | None = None,
        env: Mapping[str, str] | None = None,
        **arguments: Any,
    ) -> None:
        where = f"environment `{environment}`" if environment else "the configured environment"
        super().__init__(**with_doc(f"Waits until {where} publishes `{table}`.", arguments))
        self.table, self.environment, self.date = table, environment, date
        self.config, self.env = config, env
        check_dates(date)
        if is_settled(table, environment):
            self._check()

    def poke(self, context: Mapping[str, Any]) -> PokeReturnValue:
        """Look whether it is published; raises InvalidDateError, ConfigError or LedgerError."""
        self._check()
        config = load_config(variables={**os.environ, **variables(self.config, self.env)})
        if self.environment:
            config = config.in_environment(self.environment)
        shown = self._published(config, context)
        if shown is None:
            return PokeReturnValue(False)
        found = {"run": shown.run_id, "line": shown.line, "release": shown.release, "rows": shown.row_count}
        return PokeReturnValue(True, found)

    def _published(self, config: Config, context: Mapping[str, Any]) -> Output | None:
        from dwh.core.ledger import Ledger  # needs the database library, which no DAG file should
        from dwh.core.warehouse import Warehouse

        if Ledger(config.ledger).version() is None:
            logical_dates(self.date, None, None, context)  # to wait for no date at all would be for ever
            self.log.info("there is no ledger yet; the first run makes it")
            return None
        ledger = Warehouse.open(config).ledger
        dates = logical_dates(self.date, None, None, context, ledger.table_grain(table=self.table))
        shown = ledger.published_outputs(environment=config.environment, table=self.table, dates=dates)
        if not shown:
            known = ledger.table_names()
            written = "" if self.table in known else f"; written so far: {', '.join(known) or 'nothing'}"
            self.log.info("%s publishes no %s for %s%s", config.environment, self.table, dates, written)
        return shown[0] if shown else None

    def _check(self) -> None:
        """Refuse what can never be published."""
        valid_table(self.table)
        if self.environment is not None:
            valid_environment(self.environment)
