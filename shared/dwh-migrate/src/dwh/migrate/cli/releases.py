"""`dwh venv`: releases in environments of their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import click

from dwh.core.config import load_config
from dwh.core.lines import example_requirement
from dwh.migrate import completion
from dwh.migrate.cli.options import as_json, release_others, release_python
from dwh.migrate.console import print_json, print_note, print_rows, utc_text

__all__ = ["COMMANDS"]


@click.group()
def venv() -> None:
    """Make, list and remove environments that hold one release each."""


@venv.command()
@click.argument("release", metavar="DISTRIBUTION==RELEASE", shell_complete=completion.releases)
@release_python
@release_others
@as_json
def create(release: str, python: str | None, others: Sequence[str], as_json: bool) -> None:
    """Make an environment that holds one release, unless it exists already, and print its id.

    It holds the release, the dwh-core of this environment, and a pyspark that the release supports, from
    the package index and the configured wheelhouse. `dwh run JOB@RELEASE` makes and finds the same one.

    \b
    Examples:
      dwh venv create dwh-v0_1==0.1.1
      dwh venv create dwh-v0_1==0.1.1 --python 3.11 --with pyspark==3.5.9
    """
    from dwh.migrate.releases.make import release_environment
    from dwh.migrate.releases.wanted import Wanted

    config = load_config()
    made = release_environment(config, Wanted.parse(release, config, python, others), print_note)
    if as_json:
        print_json(vars(made))
    else:
        print(made.id)
        print_note(f"{made.release} with Python {made.python}, pyspark {made.spark}, in {made.folder}")


@venv.command("list")
@as_json
def list_(as_json: bool) -> None:
    """List the environments that hold a release, and whether a run uses them now.

    \b
    Example:
      dwh venv list
    """
    from dwh.migrate.releases.store import Store

    store = Store.of(load_config())
    found = [
        {
            "id": made.id,
            "release": made.release,
            "python": made.python,
            "pyspark": made.spark,
            "made": utc_text(datetime.fromisoformat(made.made_at)),
            "used": utc_text(made.used_at),
            "state": "in use" if store.is_used(made.id) else "free",
        }
        for made in store.environments()
    ]
    if as_json:
        print_json(found)
    elif found:
        print_rows(list(found[0]), [list(made.values()) for made in found])
    else:
        print_note(f"there are none yet; type: dwh venv create {example_requirement()}")


@venv.command()
@click.argument("names", metavar="ID|RELEASE…", nargs=-1, required=True)
@as_json
def remove(names: Sequence[str], as_json: bool) -> None:
    """Remove environments that nothing needs, by their ids, or all of a release.

    One in which a job runs is needed, and so is the last one of a release of which some environment such
    as prod publishes partitions.

    \b
    Examples:
      dwh venv remove 3f2a9c04b1d7
      dwh venv remove dwh-v0_1==0.1.0
    """
    from dwh.migrate.releases.needs import remove_environment
    from dwh.migrate.releases.store import Store

    config = load_config()
    store = Store.of(config)
    removed = [made for name in names for made in store.named(name)]
    for made in removed:
        remove_environment(config, made)
        print_note(f"removed {made.id}: {made.release} with Python {made.python}, pyspark {made.spark}")
    if as_json:
        print_json([vars(made) for made in removed])


COMMANDS = (venv,)
