"""Commands that bring a release to a platform: `dwh deploy glue | emr | databricks`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dwh.core.errors import UsageError
from dwh.core.output import takes_styles
from dwh.deploy.platforms import DATABRICKS, EMR, GLUE
from dwh.migrate import completion
from dwh.migrate.cli.options import as_json
from dwh.migrate.console import print_json, print_note, printable

if TYPE_CHECKING:
    from dwh.deploy.plan import Plan

__all__ = ["deploy"]

Command = Callable[..., Any]

_COLOURS = {"+": "32", "-": "31", " ": "2"}
_RELEASE = (
    click.argument("reference", metavar="JOB@RELEASE", shell_complete=completion.job_releases),
    click.option(
        "--wheels",
        type=click.Path(path_type=Path),
        default=Path("dist"),
        show_default=True,
        metavar="FOLDER",
        help="The folder with the wheels of the release and of what it needs.",
    ),
    click.option("--name", metavar="NAME", help="The job's name there; by default dwh-JOB-LINE."),
)
_PRINT = (
    click.option("--print", "to_print", is_flag=True, help="Print the JSON, and do nothing else."),
    click.option(
        "--files",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="FOLDER",
        help="Write the files to upload into this folder.",
    ),
)


def of_release(command: Command) -> Command:
    """Add what each platform asks: the release, its wheels, the job's name."""
    return reduce(lambda wrapped, option: option(wrapped), reversed(_RELEASE), command)


def as_print(command: Command) -> Command:
    """Add `--print` and `--files`, which arrive as `to_print` and `files`."""
    return reduce(lambda wrapped, option: option(wrapped), reversed(_PRINT), command)


@click.group()
def deploy() -> None:
    """Bring an exact release of a job to a platform that has its own Spark."""


@deploy.command()
@of_release
@click.option("--bucket", required=True, metavar="BUCKET", help="The S3 bucket for wheels and script.")
@click.option("--role", required=True, metavar="ROLE", help="The IAM role that the job runs as.")
@click.option("--prefix", default="dwh", show_default=True, help="The folder in the bucket.")
@click.option("--region", metavar="REGION", help="The region; by default the configured one.")
@click.option(
    "--glue-version",
    type=click.Choice(list(GLUE)),
    default="5.0",
    show_default=True,
    help="The version of Glue.",
)
@click.option("--ledger-secret", metavar="SECRET", help="The secret that holds the ledger's URL.")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@as_json
def glue(
    reference: str,
    wheels: Path,
    name: str | None,
    bucket: str,
    role: str,
    prefix: str,
    region: str | None,
    glue_version: str,
    ledger_secret: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Upload a release, and create or update the Glue job that runs exactly this release.

    First it shows what would change. The dwh.toml of this folder goes along; nothing in it may be local or
    secret. A release in the bucket is never replaced by other files, and Glue's own Spark stays.

    \b
    Examples:
      dwh deploy glue carrier_delays@0.1.1 --bucket my-artifacts --role dwh-glue --dry-run
      dwh deploy glue carrier_delays@0.1.1 --bucket my-artifacts --role dwh-glue --ledger-secret dwh/ledger
    """
    from dwh.deploy.glue import Glue, Target
    from dwh.deploy.settings import read_settings
    from dwh.deploy.store import Layout
    from dwh.deploy.wheelhouse import Wheelhouse

    release = Wheelhouse(wheels).find_release(reference, GLUE[glue_version])
    target = Target(name or f"dwh-{release.job}-{release.line}", role, glue_version, ledger_secret)
    settings = read_settings(("s3://",), ledger_secret, "--ledger-secret NAME")
    platform = Glue(Layout(bucket, prefix), region)
    plan = platform.plan(target, release, settings)
    if as_json:
        print_json({**plan.to_dict(), "dry_run": dry_run})
    else:
        _print_plan(plan)
    if not dry_run and not plan.empty:
        platform.apply(plan)
    print_note(_outcome(plan, dry_run))


@deploy.command()
@of_release
@click.option("--date", required=True, metavar="DATE", help="The logical date of the run.")
@click.option("--bucket", required=True, metavar="BUCKET", help="The S3 bucket that holds the files.")
@click.option("--prefix", default="dwh", show_default=True, help="The folder in the bucket.")
@click.option("--cluster", metavar="ID", help="The EMR cluster on which a step runs.")
@click.option("--application", metavar="ID", help="Or the EMR Serverless application that runs it.")
@click.option("--role", metavar="ARN", help="With --application: the role of the run.")
@click.option(
    "--emr-release",
    type=click.Choice(list(EMR)),
    default="7.13.0",
    show_default=True,
    help="The release of EMR.",
)
@click.option("--ledger-secret", metavar="SECRET", help="The secret that holds the ledger's URL.")
@as_print
def emr(
    reference: str,
    wheels: Path,
    name: str | None,
    date: str,
    bucket: str,
    prefix: str,
    cluster: str | None,
    application: str | None,
    role: str | None,
    emr_release: str,
    ledger_secret: str | None,
    to_print: bool,
    files: Path | None,
) -> None:
    """Print the request that runs a release once on EMR: a step of a cluster, or a run of EMR Serverless.

    Nothing is sent or uploaded. --files writes what the run needs, laid out as in the bucket.

    \b
    Examples:
      dwh deploy emr carrier_delays@0.1.1 --date 2013-01-15 --bucket my-artifacts --cluster j-1 --print
      dwh deploy emr carrier_delays@0.1.1 --date 2013-01-15 --bucket my-artifacts --application 00f1 \\
          --role arn:aws:iam::123456789012:role/dwh-emr --print --files build/emr > run.json
    """
    from dwh.core.dates import parse_any_date
    from dwh.deploy.emr import Application, Cluster, emr_parts, new_run, run_json
    from dwh.deploy.settings import read_settings
    from dwh.deploy.store import Layout
    from dwh.deploy.wheelhouse import Wheelhouse

    _require_print(to_print, "emr")
    if (cluster is None) == (application is None) or (application is None) != (role is None):
        raise UsageError("give --cluster ID, or --application ID and --role ARN")
    where = Cluster(cluster) if cluster else Application(str(application), str(role))
    layout, day = Layout(bucket, prefix), str(parse_any_date(date))
    # EMR's boto3, which reads the secret, is there for its default Python alone.
    more = ["boto3"] if ledger_secret else []
    release = Wheelhouse(wheels).find_release(reference, EMR[emr_release], more)
    settings = read_settings(("s3://",), ledger_secret, "--ledger-secret NAME")
    parts = emr_parts(release, settings, prefix)
    title = name or f"dwh-{release.job}-{release.line}"
    print_json(run_json(where, new_run(title, release, layout, parts, day, ledger_secret)))
    _give_files({part.key: part.content for part in parts}, files, f"s3://{bucket}")


@deploy.command()
@of_release
@click.option("--folder", required=True, metavar="PATH", help="The folder in a volume: /Volumes/…")
@click.option("--node-type", required=True, metavar="TYPE", help="The cluster's machines, such as m5d.large.")
@click.option(
    "--workers", type=click.IntRange(0), default=2, show_default=True, help="Workers beside the driver."
)
@click.option(
    "--runtime",
    type=click.Choice(list(DATABRICKS)),
    default="15.4",
    show_default=True,
    help="The LTS release of the Databricks Runtime.",
)
@click.option("--ledger-secret", metavar="SCOPE/KEY", help="The secret that holds the ledger's URL.")
@as_print
def databricks(
    reference: str,
    wheels: Path,
    name: str | None,
    folder: str,
    node_type: str,
    workers: int,
    runtime: str,
    ledger_secret: str | None,
    to_print: bool,
    files: Path | None,
) -> None:
    """Print the Databricks job that runs exactly this release, as its Jobs API takes it.

    Nothing is sent or uploaded. --files writes what the job needs, laid out as in the volume.

    \b
    Example:
      dwh deploy databricks carrier_delays@0.1.1 --folder /Volumes/main/dwh/artifacts \\
          --node-type m5d.large --ledger-secret dwh/ledger --print --files build/databricks > job.json
    """
    from dwh.deploy.databricks import Workspace, job_json, volume_files
    from dwh.deploy.settings import read_settings
    from dwh.deploy.wheelhouse import Wheelhouse

    _require_print(to_print, "databricks")
    release = Wheelhouse(wheels).find_release(reference, DATABRICKS[runtime])
    title = name or f"dwh-{release.job}-{release.line}"
    workspace = Workspace(title, folder, node_type, workers, ledger_secret)
    clouds = ("s3://", "abfss://", "gs://", "/Volumes/")
    settings = read_settings(clouds, ledger_secret, "--ledger-secret SCOPE/KEY")
    paths = volume_files(release, settings, folder)
    print_json(job_json(workspace, release, runtime, paths))
    inside = {path.removeprefix(f"{folder}/"): content for path, content in paths.items()}
    _give_files(inside, files, folder)


def _require_print(to_print: bool, platform: str) -> None:
    if not to_print:
        raise UsageError(
            f"dwh deploy {platform} sends nothing: it prints the JSON for you to send; add --print"
        )


def _give_files(contents: Mapping[str, bytes], folder: Path | None, place: str) -> None:
    """Write files into a folder, and say where each must be before the job runs."""
    for path, content in contents.items():
        if folder is not None:
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        print_note(f"needs {place}/{path}")
    if folder is None:
        print_note("give --files FOLDER to get these files, and upload them")
    else:
        print_note(f"upload what is in {folder} to {place}")


def _print_plan(plan: Plan) -> None:
    print(f"{plan.reference} on {plan.platform.shown}")
    for sign, text in plan.lines():
        line = f"{sign} {printable(text)}"
        print(f"\x1b[{_COLOURS[sign]}m{line}\x1b[0m" if takes_styles(sys.stdout) else line)


def _outcome(plan: Plan, dry_run: bool) -> str:
    if plan.empty:
        return f"Glue job {plan.job} runs {plan.reference} already; nothing to change"
    if dry_run:
        return "nothing was changed; leave out --dry-run to do it"
    return f"Glue job {plan.job} {'created' if plan.new else 'updated'}; it runs {plan.reference}"
