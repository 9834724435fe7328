"""The operators: run a version of a job, or the one that an environment decides; compare two versions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from dwh.airflow._airflow import AirflowException, AirflowFailException, AirflowSkipException, conf
from dwh.airflow._base import DwhOperator, date_words, is_settled, with_doc
from dwh.airflow.links import ReportLink
from dwh.core.errors import InvalidNameError, UsageError
from dwh.core.lines import Reference
from dwh.core.names import valid_environment, valid_job, valid_table

__all__ = ["DwhCompareOperator", "DwhRunOperator"]

_LINE = re.compile(r"\d+\.\d+", re.ASCII)
_RUN = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}", re.ASCII)
_BY_ENVIRONMENT = (None, "original", "current")


class DwhRunOperator(DwhOperator):
    """Run a job in a version, or in the version that an environment decides.

        DwhRunOperator(task_id="legacy", job="carrier_delays@0.1")
        DwhRunOperator(task_id="delays", job="carrier_delays", environment="prod")

    The XCom is the receipt; where an environment decides, a list of what was served, each with its receipt.

    Parameters:
        job: `JOB@LINE`, `JOB@RELEASE`, or with an environment also `JOB`.
        environment: where it runs, by default in the configured one. Without a line its pin and rollout
            decide which one runs, and whether another runs in its shadow.
        version: without a line in `job`: `original` (the default: what was once decided for the logical
            date stays), `current` (decide again by what holds now), or a line such as `0.1`.
        isolated: run the release in an environment of its own, made when it is first needed. `job` is
            then `JOB@RELEASE`.
        python: for that environment: its Python, such as `3.11`.
        requirements: for that environment: what else to install, such as `pyspark==3.5.*`.
        arguments: `date`, `start`, `end`, `config`, `env` and `dwh_command` as every operator of dwh has
            them, and what Airflow's operators take.

    Raises UsageError, InvalidNameError or InvalidDateError while the DAG is parsed.
    """

    template_fields: Sequence[str] = (
        *DwhOperator.template_fields,
        "job",
        "environment",
        "version",
        "python",
        "requirements",
    )

    def __init__(
        self,
        *,
        job: str,
        environment: str | None = None,
        version: str | None = None,
        isolated: bool = False,
        python: str | None = None,
        requirements: Sequence[str] = (),
        **arguments: Any,
    ) -> None:
        doc = f"Runs {_version_in_words(job, environment, version, isolated)}."
        super().__init__(**with_doc(doc, arguments))
        self.job, self.environment, self.version = job, environment, version
        self.isolated, self.python, self.requirements = isolated, python, requirements
        if is_settled(job, environment, version):
            self._check()

    def execute(self, context: Mapping[str, Any]) -> Any:
        """Run the job; return its receipt, or what the environment has served."""
        self._check()
        dates = self.dates(context)
        done = self.dwh("run", self.job, *self._options(), *date_words(dates), "--json")
        if done.exit_code:
            raise self.refuse(done)
        return done.result()

    def _options(self) -> list[str]:
        options = [f"--env={self.environment}"] if self.environment else []
        options += [f"--version={self.version}"] if self.version else []
        options += ["--isolated"] if self.isolated else []
        options += [f"--python={self.python}"] if self.python else []
        return [*options, *(f"--with={requirement}" for requirement in self.requirements)]

    def _check(self) -> None:
        """Refuse what can never run."""
        if "@" in self.job:
            reference = Reference.parse(self.job)
            if self.version:
                raise UsageError(
                    f"{self.job} names its version already; leave out version=, or "
                    f'write job="{reference.job}" to let an environment decide'
                )
            if self.isolated and not reference.exact:
                raise UsageError(
                    f"{self.job} names a line, and isolated= needs to know which release to install; "
                    f'write job="{reference.job}@RELEASE", such as {reference.job}@{reference.version}.1'
                )
        else:
            self._check_undecided()
        if self.environment is not None:
            valid_environment(self.environment)
        if (self.python or self.requirements) and not self.isolated:
            raise UsageError(f"{self.job}: python= and requirements= need isolated=True")
        if isinstance(self.requirements, str):
            raise UsageError(f"{self.job}: write requirements=[{self.requirements!r}], a list")

    def _check_undecided(self) -> None:
        valid_job(self.job)
        if self.isolated:
            raise UsageError(f'isolated= needs an exact release; write job="{self.job}@RELEASE"')
        if self.version not in _BY_ENVIRONMENT and not _LINE.fullmatch(str(self.version)):
            raise InvalidNameError("version", self.version, "original, current, or a line such as 0.1")
        if self.environment is None and self.version in _BY_ENVIRONMENT:
            raise UsageError(
                f'{self.job} names no version; write job="{self.job}@LINE", such as {self.job}@0.1, '
                "or say which environment= decides"
            )


class DwhCompareOperator(DwhOperator):
    """Compare two versions, and fail or skip unless the verdict is `pass`.

        DwhCompareOperator(task_id="same", left="airport_traffic@0.1", right="airport_traffic@0.2")

    The XComs `verdict` and `report` (the path of the page) are kept whatever the verdict is. On `pass`
    the task's own XCom has them with the reasons. The task's link `Report` leads to the page.

    Parameters:
        left, right: the older and the newer version: `JOB@LINE`, `JOB@RELEASE`, `TABLE@LINE`, the id of a
            run, or the path of Parquet files.
        environment: whose outputs of these versions are compared; by default the configured one's.
        run_missing: run what has no output for the logical dates yet.
        key: for paths: the columns that identify a row.
        tolerances: how far the numbers of a column may be apart, such as `{"mean_delay": "0.1%"}`.
        ignore: columns whose values are not compared.
        max_changed: how many rows may differ unexpectedly, such as `0.1%`.
        on_fail: what `fail` and `incomplete` do: `fail` the task, or `skip` it and what depends on it.
        report: the path of the page; by default in `dwh-reports` in Airflow's log folder.
        report_url: where the folder of the page can be opened in a browser.
        arguments: `date`, `start`, `end`, `config`, `env` and `dwh_command` as every operator of dwh has
            them, and what Airflow's operators take.

    Raises UsageError, InvalidNameError or InvalidDateError while the DAG is parsed.
    """

    template_fields: Sequence[str] = (
        *DwhOperator.template_fields,
        "left",
        "right",
        "environment",
        "key",
        "tolerances",
        "ignore",
        "max_changed",
        "report",
        "report_url",
    )
    operator_extra_links = (ReportLink(),)

    def __init__(
        self,
        *,
        left: str,
        right: str,
        environment: str | None = None,
        run_missing: bool = False,
        key: Sequence[str] = (),
        tolerances: Mapping[str, str] | None = None,
        ignore: Sequence[str] = (),
        max_changed: str | None = None,
        on_fail: Literal["fail", "skip"] = "fail",
        report: str | None = None,
        report_url: str | None = None,
        **arguments: Any,
    ) -> None:
        doc = f"Compares `{left}` with `{right}`. Unless the verdict is `pass`, it {on_fail}s."
        super().__init__(**with_doc(doc, arguments))
        self.left, self.right, self.environment = left, right, environment
        self.run_missing, self.key = run_missing, key
        self.tolerances, self.ignore, self.max_changed = tolerances, ignore, max_changed
        self.on_fail, self.report, self.report_url = on_fail, report, report_url
        self.report_link = ""
        if on_fail not in ("fail", "skip"):
            raise UsageError(f"on_fail={on_fail!r}: write fail or skip")
        if is_settled(left, right, environment):
            self._check()

    def execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Compare; return the verdict, its reasons and the report's path, unless it is not `pass`."""
        self._check()
        report = self._report_path(context)
        done = self.dwh(
            "compare",
            self.left,
            self.right,
            *self._options(),
            *date_words(self.dates(context)),
            f"--html={report}",
            "--json",
        )
        if not done.output.lstrip().startswith("{"):  # what fails before a verdict exits with 1 or 2, too
            raise self.refuse(done)
        found = done.result()
        base = self.report_url
        self.report_link = f"{base.rstrip('/')}/{quote(report.name)}" if base else report.as_uri()
        result = {"verdict": found["verdict"], "reasons": found["reasons"], "report": str(report)}
        for name in ("verdict", "report"):
            context["ti"].xcom_push(key=name, value=result[name])
        for reason in found["reasons"]:
            self.log.info("%s", reason)
        if found["verdict"] == "pass":
            return result
        raise self._not_passed(result)

    def _check(self) -> None:
        """Refuse what can never be compared."""
        _check_sides(self.left, self.right)
        if self.environment is not None:
            valid_environment(self.environment)

    def _not_passed(self, result: Mapping[str, Any]) -> AirflowException:
        message = (
            f"{self.left} and {self.right}: verdict {result['verdict']}: "
            f"{'; '.join(result['reasons'][:3])}; the report is {result['report']}"
        )
        if self.on_fail == "skip":
            return AirflowSkipException(message)
        # A retry finds the same differences in the same outputs, but perhaps what was incomplete.
        return (AirflowFailException if result["verdict"] == "fail" else AirflowException)(message)

    def _options(self) -> list[str]:
        options = [f"--env={self.environment}"] if self.environment else []
        options += ["--run"] if self.run_missing else []
        options += [f"--key={','.join(self.key)}"] if self.key else []
        options += [f"--tolerance={column}={near}" for column, near in (self.tolerances or {}).items()]
        options += [f"--ignore={column}" for column in self.ignore]
        return [*options, *([f"--max-changed={self.max_changed}"] if self.max_changed else [])]

    def _report_path(self, context: Mapping[str, Any]) -> Path:
        if self.report:
            path = Path(self.report).absolute()
        else:
            ti = context["ti"]
            mapped = f"__{ti.map_index}" if ti.map_index >= 0 else ""
            name = f"{ti.dag_id}__{ti.task_id}{mapped}__{ti.run_id}.html"
            folder = Path(conf.get_mandatory_value("logging", "base_log_folder")).absolute() / "dwh-reports"
            path = folder / re.sub(r"[^\w.+-]", "_", name, flags=re.ASCII)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _version_in_words(job: object, environment: object, version: object, isolated: bool) -> str:
    name, _, named = str(job).partition("@")
    version = named or version
    if version in (*_BY_ENVIRONMENT, ""):
        again = ", decided again using the current pin" if version == "current" else ""
        return f"`{name}` in the line that environment `{environment}` decides{again}"
    where = f" in environment `{environment}`" if environment else ""
    if not _LINE.fullmatch(str(version)):
        alone = ", in an environment of its own" if isolated else ""
        return f"`{name}` of release **{version}** exactly{where}{alone}"
    return f"`{name}` of line **{version}**{where}, in the release that is installed"


def _check_sides(*sides: str) -> None:
    paths = ["/" in side for side in sides]
    if any(paths) and not all(paths):
        raise UsageError(f"{' and '.join(sides)}: compare two paths, or two versions; not one with the other")
    for side in sides:
        if "/" in side or _RUN.fullmatch(side):
            continue
        if "." in side.partition("@")[0]:
            table, _, line = side.partition("@")
            valid_table(table)
            if not _LINE.fullmatch(line):
                raise InvalidNameError("side of a comparison", side, "TABLE@LINE")
        else:
            Reference.parse(side)
