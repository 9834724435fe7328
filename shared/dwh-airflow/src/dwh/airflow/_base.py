"""What the operators and the sensor share: where the configuration is, and the process they lead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from dwh.airflow._airflow import AirflowException, AirflowFailException, BaseOperator
from dwh.airflow._command import Command, find_command
from dwh.core.dates import DateRange, logical_dates, parse_any_date
from dwh.core.errors import UsageError
from dwh.core.grain import GRAINS

__all__ = ["DwhOperator", "check_dates", "date_words", "is_settled", "variables", "with_doc"]

_USAGE = 2  # what dwh exits with when it was asked for something that does not exist or is not allowed


def is_settled(*values: object) -> bool:
    """Whether values hold no template, nor anything else that is known only when the task runs."""
    texts = [value for value in values if value is not None]
    return all(isinstance(text, str) and "{{" not in text and "{%" not in text for text in texts)


def check_dates(*dates: object) -> None:
    """Refuse what can never be a logical date; raises InvalidDateError. Templates wait until they run."""
    for date in dates:
        if isinstance(date, str) and is_settled(date):
            parse_any_date(date)


def date_words(dates: DateRange) -> list[str]:
    """Return logical dates as options of `dwh`."""
    if dates.first == dates.last:
        return [f"--date={dates.first}"]
    return [f"--from={dates.first}", f"--to={dates.last}"]


def variables(config: str | None, env: Mapping[str, str] | None) -> dict[str, str]:
    """Return the environment variables that a task sets beside those of its worker."""
    return {**(env or {}), **({"DWH_CONFIG": config} if config else {})}


def with_doc(doc: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return an operator's arguments with what dwh says of the task before what its author says."""
    return {**arguments, "doc_md": "\n\n".join(filter(None, (doc, arguments.get("doc_md"))))}


class DwhOperator(BaseOperator):
    """A task that runs the `dwh` command, and stops it when Airflow stops the task.

    Parameters:
        date: the logical date, as `2013-01-15`. By default the DAG run's logical date, or where it has
            none the `date` of its configuration.
        grain: what a logical date of the job is, `hour`, `day` or `month`, into which the DAG run's, the
            beginning of its data interval, is taken.
        start, end: instead of `date`: the first and last logical date, both included.
        config: the path of the dwh.toml; by default it is found as `dwh` finds it.
        env: more environment variables for the command, such as `DWH_LEDGER`.
        dwh_command: what to run in place of the `dwh` beside Airflow's Python: its path, or words.
    """

    template_fields: Sequence[str] = ("date", "start", "end", "config", "env")
    ui_color: ClassVar[str] = "#dbe9f6"

    def __init__(
        self,
        *,
        date: object = None,
        start: object = None,
        end: object = None,
        grain: str = "day",
        config: str | None = None,
        env: Mapping[str, str] | None = None,
        dwh_command: str | Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.date, self.start, self.end = date, start, end
        self.config, self.env, self.dwh_command = config, env, dwh_command
        self._running: Command | None = None
        if grain not in GRAINS:
            raise UsageError(f"grain={grain!r}: write one of {', '.join(GRAINS)}")
        self.grain = grain
        check_dates(date, start, end)

    def dates(self, context: Mapping[str, Any]) -> DateRange:
        """Return the logical dates that are meant; raises InvalidDateError."""
        return logical_dates(self.date, self.start, self.end, context, GRAINS[self.grain])

    def dwh(self, *words: str) -> Command:
        """Run `dwh` with these words to its end, its log in the task's; raises CommandMissingError."""
        command = [*find_command(self.dwh_command), *words]
        self._running = Command(command, variables(self.config, self.env), self.log.info)
        self.log.info("running: %s", self._running)
        return self._running.run()

    def refuse(self, command: Command) -> AirflowException:
        """Return the error of a command that failed. Retries are for what may come right by itself."""
        error = command.error()
        final = command.exit_code == _USAGE
        return AirflowFailException(str(error)) if final else AirflowException(str(error))

    def on_kill(self) -> None:
        """Stop the command."""
        if self._running is not None:
            self._running.stop()
