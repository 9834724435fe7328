"""What goes wrong between Airflow and dwh. Mistakes in arguments are `dwh.core.errors.UsageError`."""

from __future__ import annotations

from dwh.core.errors import DwhError

__all__ = ["AirflowMissingError", "CommandError", "CommandMissingError"]


class AirflowMissingError(DwhError, ImportError):
    """There is no Airflow here that the operators can be built on."""

    code = "DWH941"

    def __init__(self, found: str) -> None:
        self.found = found
        super().__init__(
            f"dwh.airflow needs Airflow 3.1 or later, found: {found}; "
            "type: pip install dwh-airflow 'apache-airflow>=3.1'"
        )


class CommandMissingError(DwhError):
    """The `dwh` command is not where it was looked for."""

    code = "DWH942"

    def __init__(self, looked: str) -> None:
        self.looked = looked
        super().__init__(
            f"there is no command {looked}; type: pip install dwh-migrate, in the environment of the "
            "Airflow worker, or set dwh_command= to the dwh of another environment"
        )


class CommandError(DwhError):
    """The `dwh` command failed.

    Attributes:
        command: what was run.
        exit_code: what it exited with; negative is the signal that ended it.
        said: why, as it said.
    """

    code = "DWH943"

    def __init__(self, command: str, exit_code: int, said: str) -> None:
        self.command, self.exit_code, self.said = command, exit_code, said
        ended = f"exit code {exit_code}" if exit_code >= 0 else f"ended by signal {-exit_code}"
        super().__init__(f"{said or 'it gave no reason; see the log above'} ({ended} of: {command})")
