"""`dwh bundle`: what a cluster's executors need."""

from __future__ import annotations

from pathlib import Path

import click

from dwh.migrate import completion
from dwh.migrate.cli.options import as_json
from dwh.migrate.console import print_json, print_note

__all__ = ["bundle"]


@click.command()
@click.argument("release", metavar="DISTRIBUTION==RELEASE", shell_complete=completion.releases)
@click.option(
    "--output", type=click.Path(path_type=Path), help="The file to write; by default in this folder."
)
@as_json
def bundle(release: str, output: Path | None, as_json: bool) -> None:
    """Make a zip for --py-files, from which executors import the functions of a line.

    It holds that release, which must be installed here, and dwh-core. The same release gives the same
    bytes; a file that holds something else is never overwritten.

    \b
    Example:
      dwh bundle dwh-v0_1==0.1.1
    """
    from dwh.deploy.bundle import make_bundle, write_bundle

    made = make_bundle(release)
    target = output or Path(made.name)
    write_bundle(made, target)
    for name, state in made.states.items():
        if state == "editable":
            print_note(f"{name} is an editable install: this is the tree as it stands, not a release")
    if as_json:
        print_json({"release": release, "file": str(target), "sha256": made.digest, "states": made.states})
    else:
        print(f"{made.digest}  {target}")
