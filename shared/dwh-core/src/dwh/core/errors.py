"""Every error that dwh raises on purpose.

Each says what was being done, the name and value found, what is allowed, and the next thing to type.
The facts are attributes; the message is built from them. Errors of Spark or the database that dwh
does not foresee are not caught here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar

from dwh.core.grain import DAY, Grain

__all__ = [
    "PYSPARK_MISSING",
    "AuditError",
    "ConfigError",
    "CycleError",
    "DecisionConflictError",
    "DefinitionError",
    "DwhError",
    "InputError",
    "InvalidDateError",
    "InvalidNameError",
    "InvalidTypeError",
    "LedgerBusyError",
    "LedgerCutError",
    "LedgerError",
    "LedgerVersionError",
    "LostFilesError",
    "MissingInputError",
    "NoLedgerError",
    "NoOutputError",
    "NotPinnedError",
    "RunError",
    "SecretError",
    "SourceError",
    "SparkUnavailableError",
    "SparkVersionError",
    "UnknownJobError",
    "UnknownLineError",
    "UnknownReleaseError",
    "UnknownSourceError",
    "UnknownStorageError",
    "UnknownTableError",
    "UsageError",
    "WholeTableError",
    "coded",
    "listed",
    "one_line",
    "without_secrets",
    "without_values",
]


_NO_FILE = "there is no dwh.toml here or above"
_CODED = re.compile(r"\[DWH\d{3}\] ")


def coded(code: str, message: str) -> str:
    """Return a message with its code, as every error shows it."""
    return f"[{code}] {message}"


def listed(values: Iterable[object]) -> str:
    """Join values for a message, `none` when there are none."""
    return ", ".join(str(value) for value in values) or "none"


def without_secrets(text: str) -> str:
    """Hide what may be a password in URLs: what stands before the host, and what a query calls a secret."""
    text = re.sub(r"(?<=://)[^/\s@]+@", "***@", text)
    return re.sub(
        r"(?i)(?<=[?&;])((?:[\w.-]*(?:password|pwd|secret|token|key)|sig)=)[^&;\s]+", r"\1***", text
    )


def without_values(error: BaseException) -> str:
    """Return what kind of error something failed with, and in which file: its words may quote a value."""
    said = one_line(error)
    # What the audit says itself comes by way of an engine.
    own = re.search(r"required column \w+ of [\w.]+ is null.*", said)
    if own or isinstance(error, DwhError):
        return own[0] if own else said
    kinds = re.findall(r"\[[A-Z][A-Z_.]+\]", str(error))
    file = re.search(r"while reading file (\S+?)\.?(\s|$)", str(error))
    where = f" (in {without_secrets(file[1])})" if file else ""
    return f"{(kinds or [type(error).__name__])[-1]}{where}; the rest is left out, as columns are sensitive"


def one_line(error: BaseException) -> str:
    """Return why something failed, in a line, without stack traces, plans or secrets."""
    # Spark wraps the cause in the failures of the task, the stage and the job: the innermost counts.
    whole = str(error).strip()
    text = whole.rpartition("Caused by: ")[2]
    text = re.split(r"\n\s+at |;\n|\n== |\n\n?Driver stacktrace", text)[0].strip()
    if "Traceback (most recent call last)" in text:  # of a Python worker
        text = text.splitlines()[-1]
    text = re.sub(r"^(An error occurred while calling .*\n: )?([\w$]+\.)+[\w$]+: ", "", text)
    text = re.sub(r"^\[USER_RAISED_EXCEPTION\] | SQLSTATE: \w{5}$", "", " ".join(text.split()))
    if not text:  # as some of Java's are
        text = type(error).__name__
    elif not isinstance(error, DwhError) and not type(error).__module__.startswith(("pyspark.", "py4j.")):
        text = f"{type(error).__name__}: {text}"
    if (file := re.search(r"while reading file (\S+?)\.?(\s|$)", whole)) and file[1] not in text:
        text += f" (in {file[1]})"
    return without_secrets(text[:1000])


class DwhError(Exception):
    """The root of all errors of dwh.

    Its text begins with its code, unless it passes on what begins with one already.

    Attributes:
        code: where docs/troubleshooting.md says what to do, such as `DWH104`. It never changes.
        exit_code: what the command line exits with: 1 when something failed, 2 when the caller
            asked for something that does not exist or is not allowed.
    """

    code: ClassVar[str] = ""
    exit_code = 1

    @property
    def message(self) -> str:
        """The text without the code."""
        return super().__str__()

    def __str__(self) -> str:
        return self.message if not self.code or _CODED.match(self.message) else coded(self.code, self.message)


class UsageError(DwhError):
    """The caller asked for something that does not exist or is not allowed."""

    code = "DWH101"
    exit_code = 2


class InvalidNameError(UsageError):
    """A name cannot be used in paths and SQL."""

    code = "DWH102"

    def __init__(self, what: str, value: object, allowed: str) -> None:
        self.what, self.value, self.allowed = what, value, allowed
        super().__init__(f"{value!r} is not a valid {what}: write {allowed}")


class InvalidTypeError(UsageError):
    """A text is not a type that a contract can hold."""

    code = "DWH402"

    def __init__(self, text: object, problem: str) -> None:
        self.text, self.problem = text, problem
        super().__init__(f"{text!r} is not a type: {problem}")


class InvalidDateError(UsageError):
    """A logical date or a range of dates is missing or malformed.

    Parameters:
        grain: whose form to tell; None where the form is not what is wrong.
    """

    code = "DWH103"

    def __init__(self, value: object, problem: str, grain: Grain | None = DAY) -> None:
        self.value, self.problem = value, problem
        found = "" if value is None else f": found {value!r}"
        way = "with --date, or --from and --to (in Python date=, or start= and end=)"
        write = f"; write {grain.described} such as {grain.example}, {way}" if grain else ""
        super().__init__(f"{problem}{found}{write}")


class WholeTableError(UsageError):
    """A job whose every output is the whole table was asked for several of them in one run."""

    code = "DWH109"

    def __init__(self, reference: str, table: str, first: object, last: object, *, environment: str) -> None:
        self.reference, self.table, self.first, self.last = reference, table, first, last
        self.environment = environment
        there = f"--env {environment}"
        super().__init__(
            f"{reference} writes the whole of {table} for each logical date, so a run computes one date; "
            f"found {first} to {last}; type: dwh run {reference} --date {last} {there}, or, for a run "
            f"of each: dwh backfill {reference} --from {first} --to {last} {there}"
        )


class DefinitionError(UsageError):
    """A job or a contract is written in a way that cannot work."""

    code = "DWH401"

    def __init__(self, where: str, problem: str) -> None:
        self.where, self.problem = where, problem
        super().__init__(f"{where}: {problem}")


class UnknownLineError(UsageError):
    """No installed distribution brings this line."""

    code = "DWH104"

    def __init__(self, line: str, installed: Iterable[str], distribution: str | None = None) -> None:
        self.line, self.installed, self.distribution = line, tuple(installed), distribution
        near = re.match(r"v?(\d+\.\d+)", line)
        if near and near[1] in self.installed:  # a release, or the name of a tag
            remedy = f"did you mean {near[1]}?"
        elif distribution:
            remedy = f"type: pip install {distribution}"
        else:
            remedy = "install the distribution that provides it"
        super().__init__(f"line {line} is not installed (installed: {listed(self.installed)}); {remedy}")


class UnknownReleaseError(UsageError):
    """The release that a reference names is not the installed one."""

    code = "DWH105"

    def __init__(self, reference: str, release: str, installed: Iterable[str]) -> None:
        self.reference, self.release, self.installed = reference, release, tuple(installed)
        super().__init__(
            f"{reference} names release {release}, which is not installed "
            f"(installed: {listed(self.installed)}); install that release, "
            "or name the line to take the release that is installed"
        )


class UnknownJobError(UsageError):
    """A line has no job of this name."""

    code = "DWH106"

    def __init__(self, job: str, where: str, available: Iterable[str]) -> None:
        self.job, self.where, self.available = job, where, tuple(available)
        super().__init__(
            f"there is no job {job!r} in {where} (its jobs: {listed(self.available)}); type: dwh jobs"
        )


class UnknownTableError(UsageError):
    """The ledger has never recorded an output of this table."""

    code = "DWH107"

    def __init__(self, table: str, known: Iterable[str]) -> None:
        self.table, self.known = table, tuple(known)
        like = _most_like(table, self.known)
        way = f"did you mean {like}?" if like else "type: dwh jobs, then dwh run JOB@LINE --date DATE"
        super().__init__(
            f"no run has written table {table!r} in this warehouse "
            f"(written so far: {listed(self.known)}); {way}"
        )


def _most_like(table: str, known: Iterable[str]) -> str | None:
    """Return the table whose name, whole or after its last dot, is much like another."""
    from difflib import get_close_matches

    names = {short: name for name in known for short in (name, name.rpartition(".")[2])}
    return next((names[found] for found in get_close_matches(table, names, n=1, cutoff=0.8)), None)


class NoOutputError(DwhError):
    """A table is known, but nothing of what was asked for has been written or published."""

    code = "DWH108"

    def __init__(self, table: str, problem: str, hint: str) -> None:
        self.table, self.problem, self.hint = table, problem, hint
        super().__init__(f"{table}: {problem}; {hint}")


class LostFilesError(DwhError):
    """Files of committed outputs are not what the audit found: reading them would give other rows."""

    code = "DWH302"

    def __init__(self, table: str, problems: Iterable[str], hint: str) -> None:
        self.table, self.problems, self.hint = table, tuple(problems), hint
        shown = [*self.problems[:3], *([f"{len(self.problems) - 3} more"] if self.problems[3:] else [])]
        super().__init__(f"{table}: {'; '.join(shown)}; {hint}")


class NotPinnedError(UsageError):
    """An environment has not chosen a line for a job, so it cannot say which one to run."""

    code = "DWH701"

    def __init__(self, *, environment: str, job: str, known: Iterable[str]) -> None:
        self.environment, self.job, self.known = environment, job, tuple(known)
        super().__init__(
            f"environment {environment} has no pin for {job} (environments with pins: {listed(self.known)}); "
            f'type: dwh pin {job} LINE --env {environment} --reason "…", or name a line: {job}@LINE'
        )


class DecisionConflictError(DwhError):
    """Somebody else has decided in the meantime. Nothing was changed."""

    code = "DWH702"

    def __init__(self, *, environment: str, job: str, action: str, decided_by: str, reason: str) -> None:
        self.environment, self.job = environment, job
        self.action, self.decided_by, self.reason = action, decided_by, reason
        super().__init__(
            f"{job} in {environment}: {decided_by} decided first ({action}: {reason}); nothing was changed; "
            f"type: dwh rollout history {job} --env {environment}, and decide again"
        )


class ConfigError(UsageError):
    """The configuration says something that cannot be used."""

    code = "DWH201"

    def __init__(self, origin: str, key: str, found: object, allowed: str) -> None:
        self.origin, self.key, self.found, self.allowed = origin, key, found, allowed
        super().__init__(f"{origin}: {key}: found {found!r}, allowed: {allowed}")


class SourceError(DwhError):
    """An input cannot be read as the job needs it."""

    code = "DWH301"

    def __init__(self, source: str, path: str, problem: str) -> None:
        self.source, self.path, self.problem = source, path, problem
        super().__init__(
            f"source {source} at {without_secrets(path)}: {problem}; see [sources.{source}] in dwh.toml"
        )


class InputError(DwhError):
    """What other jobs have written of a table does not have what a job needs of it."""

    code = "DWH303"

    def __init__(self, table: str, where: str, problem: str, remedy: str | None = None) -> None:
        self.table, self.where, self.problem = table, where, problem
        remedy = remedy or (
            "change what the job's reads names, or read the output of a line that has it: "
            'Input(TABLE, line="LINE")'
        )
        super().__init__(f"input {table}, {where}: {problem}; {remedy}")


class MissingInputError(DwhError):
    """Logical dates that a job needs of another job's table are not there.

    Attributes:
        command: what makes those that lie in the past; None where none does.
        to_come: those of `dates` that lie in the future, which nothing can make.
    """

    code = "DWH304"

    def __init__(
        self, table: str, where: str, dates: Iterable[str], command: str | None, to_come: Iterable[str] = ()
    ) -> None:
        self.table, self.where, self.dates, self.command = table, where, tuple(dates), command
        self.to_come = tuple(to_come)
        steps = [f"type: {command}"] if command else []
        if self.to_come:
            steps.append(f"run it again once {listed(self.to_come)} has come, which is still in the future")
        super().__init__(
            f"input {table}: {where} lacks {listed(self.dates)}; {'; '.join(steps)}; or write may_lack=True "
            "in the job's Input where it can do without"
        )


class CycleError(UsageError):
    """A job reads what is made from its own output.

    Attributes:
        path: the reference of each job, with the table that it reads of the next; the last is the first.
    """

    code = "DWH305"

    def __init__(self, path: Iterable[tuple[str, str]]) -> None:
        self.path = tuple(path)
        (first, _), *others = self.path
        steps = [
            f"{reader[0]} reads {reader[1]}, which {writer[0]} writes"
            for reader, writer in zip(self.path, others, strict=False)
        ]
        remedy = (
            "what it has written for the date before is Input.previous() in its reads"
            if len(others) == 1
            else "remove one of these inputs, or say in dwh.toml where it comes from instead"
        )
        super().__init__(f"{first} reads what is made from its own output: {'; '.join(steps)}; {remedy}")


class UnknownSourceError(UsageError):
    """The configuration does not say where an input is, and no job writes it."""

    code = "DWH202"

    def __init__(self, source: str, origin: str, known: Iterable[str]) -> None:
        self.source, self.origin, self.known = source, origin, tuple(known)
        key = f'"{source}"' if "." in source else source
        where = _NO_FILE if origin == "no dwh.toml" else origin
        looked = f"{where}; its sources: {listed(self.known)}" if known or where is origin else where
        super().__init__(
            f"nothing says where the input {source} is ({looked}), and no "
            f"job writes a table of that name; add [sources.{key}] with format and path to dwh.toml"
        )


class UnknownStorageError(DwhError):
    """The ledger names a storage that this dwh-core does not have."""

    code = "DWH306"

    def __init__(self, kind: str, known: Iterable[str]) -> None:
        self.kind, self.known = kind, tuple(known)
        super().__init__(
            f"an output was written by the storage {kind!r}, which this dwh-core does not have "
            f"(it has: {listed(self.known)}); type: pip install --upgrade dwh-core"
        )


class SecretError(DwhError):
    """The secret that holds the ledger's URL cannot be read."""

    code = "DWH504"

    def __init__(self, name: str, problem: str, hint: str) -> None:
        self.name, self.problem, self.hint = name, problem, hint
        super().__init__(f"secret {name}: {problem}; {hint}")


PYSPARK_MISSING = (
    "PySpark is not installed",
    "type: pip install 'dwh-core[spark]', or for Sail, which needs no Java: pip install 'dwh-core[sail]'",
)
"""The problem of a SparkUnavailableError where there is neither Spark nor its client, and what to type."""


class SparkUnavailableError(DwhError):
    """No Spark session can be had."""

    code = "DWH203"

    def __init__(self, problem: str, hint: str) -> None:
        self.problem, self.hint = problem, hint
        super().__init__(f"cannot start Spark: {problem}; {hint}")


class SparkVersionError(DwhError):
    """The Spark that would run a job is not one that its line supports. Nothing was recorded."""

    code = "DWH204"

    def __init__(self, distribution: str, release: str, supported: str, found: str) -> None:
        self.distribution, self.release = distribution, release
        self.supported, self.found = supported, found
        super().__init__(
            f"{distribution} {release} supports pyspark {supported}, but this is Spark {found}: run it on a "
            "Spark that it supports, or in an environment of its own: dwh run JOB@RELEASE --isolated"
        )


class AuditError(DwhError):
    """What a run wrote, or would have written, breaks its contract. Nothing became visible."""

    code = "DWH403"

    def __init__(self, table: str, problems: Iterable[str]) -> None:
        self.table, self.problems = table, tuple(problems)
        super().__init__(f"the output breaks the contract of {table}: " + "; ".join(self.problems))


class RunError(DwhError):
    """A run failed and is recorded as failed; nothing that it wrote is visible."""

    code = "DWH404"

    def __init__(self, run: str, reference: str, reason: str) -> None:
        self.run, self.reference, self.reason = run, reference, reason
        super().__init__(
            f"run {run} of {reference} failed: {reason}\n"
            "nothing of it is visible; `dwh gc` removes the files it left"
        )


class LedgerError(DwhError):
    """The ledger cannot be reached or does not hold what a ledger must hold."""

    code = "DWH501"

    def __init__(self, url: str, problem: str) -> None:
        self.url, self.problem = url, problem
        super().__init__(f"ledger {url}: {problem}")


class NoLedgerError(LedgerError):
    """The configuration leads to a place where there is no ledger."""

    code = "DWH506"
    exit_code = 2

    def __init__(self, url: str, origin: str = "") -> None:
        lost = f", and {_NO_FILE}" if origin == "no dwh.toml" else ""
        super().__init__(
            url,
            f"there is no ledger yet{lost}; the first run or pin creates it; type: "
            'dwh run JOB@LINE --date DATE, or: dwh pin JOB LINE --env ENVIRONMENT --reason "…"',
        )


class LedgerBusyError(LedgerError):
    """The ledger undid a transaction for another's sake, or kept it waiting. Nothing of it was recorded."""

    code = "DWH502"

    def __init__(self, url: str, problem: str) -> None:
        super().__init__(url, f"others are writing to it ({problem}); nothing was recorded: try again")


class LedgerCutError(LedgerBusyError):
    """The connection to the ledger was cut before what was done could be committed. Nothing was recorded."""

    code = "DWH505"

    def __init__(self, url: str, problem: str) -> None:
        text = f"the connection to it was cut ({problem}); nothing was recorded: try again"
        LedgerError.__init__(self, url, text)


class LedgerVersionError(LedgerError):
    """The ledger's schema is not the one that this dwh-core reads and writes."""

    code = "DWH503"

    def __init__(self, url: str, found: str, needed: str, newer: bool) -> None:
        self.found, self.needed, self.newer = found, needed, newer
        remedy = (
            "a newer dwh-core wrote it; type: pip install --upgrade dwh-core"
            if newer
            else "it is older; once no older dwh-core uses it, type: dwh ledger upgrade"
        )
        super().__init__(url, f"its schema is {found}, this dwh-core needs {needed}: {remedy}")
