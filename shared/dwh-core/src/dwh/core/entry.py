"""The one script that Glue, EMR, Databricks and spark-submit start: it runs a job and prints the receipt.

    spark-submit $(python -m dwh.core.entry --path) --job carrier_delays@0.1 --date 2013-01-15

It runs as a file, also as a copy of it elsewhere, and as `python -m dwh.core.entry`. Exits with 0 when
the run was committed, 1 when something failed, 2 when it was asked for something that does not exist.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
if __name__ == "__main__" and not __package__ and (HERE / "job.py").is_file():
    # Python puts the folder of a script first, where `import config` would find dwh.core's.
    sys.path[:] = [folder for folder in sys.path if not folder or Path(folder).resolve() != HERE]

import argparse
import json
import os
from collections.abc import Sequence
from typing import NoReturn

from dwh.core.config import load_config, process_variables
from dwh.core.dates import logical_dates
from dwh.core.errors import DwhError, UsageError
from dwh.core.files import write_whole
from dwh.core.lines import find_job
from dwh.core.output import steadily

__all__ = ["main", "start"]

_VARIABLES = {
    "environment": "DWH_ENVIRONMENT",
    "warehouse": "DWH_WAREHOUSE",
    "ledger": "DWH_LEDGER",
    "config": "DWH_CONFIG",
}
# What AWS Glue and its workflows add to a job's own arguments, or read from them and hand on.
_GLUE = (
    *("JOB_NAME", "JOB_ID", "JOB_RUN_ID", "WORKFLOW_NAME", "WORKFLOW_RUN_ID", "SECURITY_CONFIGURATION"),
    *("TempDir", "RedshiftTempDir", "redshiftTempDir", "additional-python-modules"),
    *("auto-scale-within-microbatch", "class", "conf", "continuation-option", "datalake-formats", "debug"),
    *("disable-proxy", "disable-proxy-v2", "encryption-type", "endpoint", "executor-cores", "job-language"),
    *("library-set", "mode", "python-modules-installer-option", "scriptLocation", "spark-event-logs-path"),
    *("use-postgres-driver", "user-jars-first"),
)
_GLUE_BEGIN = (
    *("continuous-log-", "customer-driver-", "customer-executor-", "enable-", "extra-", "job-bookmark-"),
    "write-shuffle-",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the job that the arguments name, print its receipt as a line of JSON, and return the exit code.

    Parameters:
        arguments: by default those of the process.
    """
    try:
        asked = _parsed(sys.argv[1:] if arguments is None else arguments)
        print(str(Path(__file__).resolve()) if asked.path else _run(asked), flush=True)
    except DwhError as error:
        return _failed(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _failed("interrupted; nothing uncommitted is visible", 1)
    return 0


def start() -> None:
    """Run `main` as the entry point of a wheel: the process ends with its exit code."""
    if code := steadily(main):  # not for 0, which some platforms take for a failure
        sys.exit(code)


def _run(asked: argparse.Namespace) -> str:
    """Run the job; return its receipt as JSON, which `--receipt` has, too."""
    over = {name: text for key, name in _VARIABLES.items() if (text := getattr(asked, key)) is not None}
    secret = {}
    if asked.ledger_secret:
        from dwh.core.secret import read_secret

        secret = {"DWH_LEDGER": read_secret(asked.ledger_secret)}
    config = load_config(variables={**os.environ, **over, **secret})
    dates = logical_dates(asked.date, asked.start, asked.end, {})
    job = find_job(asked.job)()
    from dwh.core.run import prepare_run

    prepared = prepare_run(job, dates, config=config)
    with process_variables(over):
        receipt = json.dumps(prepared.execute())
    if asked.receipt:
        write_whole(Path(asked.receipt), f"{receipt}\n")
    return receipt


class _Parser(argparse.ArgumentParser):
    """Raises UsageError, where argparse would print its usage and exit."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; allowed: {_allowed(self)}")


def _parsed(words: Sequence[str]) -> argparse.Namespace:
    parser = _Parser(prog="dwh.core.entry", description=__doc__, allow_abbrev=False)  # --JOB_NAME is no --job
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--path", action="store_true", help="print where this script is, and exit")
    parser.add_argument("--job", metavar="REFERENCE", help="such as carrier_delays@0.1")
    parser.add_argument("--date", metavar="DATE", help="one logical date")
    parser.add_argument("--from", dest="start", metavar="DATE", help="the first logical date")
    parser.add_argument("--to", dest="end", metavar="DATE", help="the last logical date, included")
    for key, variable in _VARIABLES.items():
        parser.add_argument(f"--{key}", type=_given, help=f"instead of {variable}")
    place = "the AWS secret that holds the ledger's URL"
    parser.add_argument("--ledger-secret", metavar="NAME", type=_given, help=place)
    parser.add_argument("--receipt", metavar="FILE", type=_given, help="also write the receipt to this file")
    asked, others = parser.parse_known_args(words)
    if unknown := _strangers(others):
        parser.error(f"unknown argument: {' '.join(unknown)}")
    if asked.ledger and asked.ledger_secret:
        parser.error("give --ledger or --ledger-secret, not both")
    if not asked.path and not asked.job:
        parser.error("--job is missing: it names the job, such as carrier_delays@0.1")
    return asked


def _given(text: str) -> str:
    """Refuse an empty value: a template that came to nothing does not mean the default."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty; leave it out for the default")
    return text


def _strangers(words: Sequence[str]) -> list[str]:
    """Return the words that are neither Glue's arguments nor their values, which may begin with dashes."""
    found, awaits_value = [], False
    for word in words:
        name = word[2:].partition("=")[0] if word.startswith("--") else ""
        if name in _GLUE or name.startswith(_GLUE_BEGIN):
            awaits_value = "=" not in word
        elif awaits_value:
            awaits_value = False
        else:
            found.append(word)
    return found


def _allowed(parser: argparse.ArgumentParser) -> str:
    return ", ".join(action.option_strings[-1] for action in parser._actions if action.option_strings)


def _failed(message: str, code: int) -> int:
    print("error:", "; ".join(message.splitlines()), file=sys.stderr, flush=True)
    return code


if __name__ == "__main__":
    start()
