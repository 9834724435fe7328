"""Commands that other distributions add to `dwh`."""

from __future__ import annotations

import sys

import pytest

LINEAGE = "import click\n@click.command()\n@click.option('--deep', is_flag=True)\n"
LINEAGE += (
    "def lineage(deep):\n    '''Say where a table comes from.'''\n    click.echo(f'from far, {deep}')\n"
)


@pytest.fixture
def add_command(site):
    """Install a distribution that adds a command, with the source of its module."""

    def add(name, source=LINEAGE, *, distribution="far-lineage", value=None):
        module = distribution.replace("-", "_")
        (site / f"{module}.py").write_text(source)
        info = site / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        value = f"{module}:lineage" if value is None else value
        (info / "entry_points.txt").write_text(f"[dwh.commands]\n{name} = {value}\n")

    yield add
    for module in [name for name in sys.modules if name.startswith("far_")]:
        del sys.modules[module]


def test_a_distribution_adds_a_command(add_command, typed_dwh):
    """It is listed, completed and typed like any other."""
    add_command("lineage")
    assert "Say where a table comes from." in typed_dwh("--help")[1]
    assert typed_dwh("lineage", "--deep")[:2] == (0, "from far, True\n")
    assert typed_dwh("lineage", "--depp")[0] == 2


def test_it_is_imported_only_when_it_is_needed(add_command, typed_dwh):
    """A command of dwh never waits for another package."""
    add_command("lineage")
    assert typed_dwh("completion", "bash")[0] == 0
    assert "far_lineage" not in sys.modules


def test_a_command_of_a_package_that_is_missing_names_it(typed_dwh, monkeypatch):
    """Where dwh has packages of its own for it."""
    monkeypatch.setattr("dwh.migrate.cli.joined._brought", dict)
    code, _, said = typed_dwh("deploy", "glue", "carrier_delays@0.1.1")
    assert code == 2 and "dwh deploy comes with dwh-deploy; type: pip install dwh-deploy" in said


def test_help_is_a_word_as_well_as_an_option(typed_dwh):
    """As newcomers type it, of the whole and of a command."""
    assert typed_dwh("help") == typed_dwh("--help")
    assert typed_dwh("help", "rollout", "plan") == typed_dwh("rollout", "plan", "--help")


def test_a_command_of_dwh_is_never_replaced(add_command, typed_dwh):
    """Neither by accident nor by intent."""
    add_command("completion")
    assert "far" not in typed_dwh("completion", "bash")[1]


@pytest.mark.parametrize(
    ("source", "value", "said"),
    [
        ("import nowhere\n", None, "failed: ModuleNotFoundError: No module named 'nowhere'"),
        ("raise SystemExit(3)\n", None, "failed: SystemExit: 3"),
        ("", None, "failed: AttributeError: module 'far_lineage' has no attribute 'lineage'"),
        ("lineage = 7\n", None, "far_lineage:lineage of far-lineage is not a click command but of type int"),
        ("", "what is this", "far-lineage names 'what is this' for it, which is not written MODULE:COMMAND"),
    ],
)
def test_a_broken_one_is_named_and_stops_no_other(source, value, said, add_command, typed_dwh):
    """In the list and where it is typed, with whom it belongs to and what to do."""
    add_command("lineage", source, value=value)
    code, listed, _ = typed_dwh("--help")
    assert (code, "lineage" in listed, "cannot be used" in listed, "rollout" in listed) == (
        0,
        True,
        True,
        True,
    )
    code, _, error = typed_dwh("lineage", "--deep", "table")
    assert code == 1 and "[DWH961]" in error and said in " ".join(error.split())
    assert error.rstrip().endswith("type: pip install --upgrade far-lineage or pip uninstall far-lineage")
    assert typed_dwh("completion", "bash")[0] == 0


def test_metadata_that_cannot_be_read_is_named(add_command, site, typed_dwh):
    """As a command of the folder's name; the others are there."""
    add_command("lineage")
    (site / "far_lineage-1.0.dist-info" / "entry_points.txt").write_text("[dwh.commands]\n= = =\n\x00]")
    code, listed, _ = typed_dwh("--help")
    assert (code, "far_lineage-1.0.dist-info" in listed, "rollout" in listed) == (0, True, True)


def test_two_distributions_cannot_add_one_command(add_command, typed_dwh):
    """Both are named: which of them is meant is not for dwh to guess."""
    add_command("lineage")
    add_command("lineage", distribution="far-other")
    code, _, error = typed_dwh("lineage")
    assert code == 1 and "both provide it; type: pip uninstall far-" in " ".join(error.split())
