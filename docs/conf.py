"""How the documentation is built: `nox -s docs`. Every warning is an error there."""

from __future__ import annotations

from pathlib import Path

import click
from sphinx.application import Sphinx

from dwh.migrate.cli import dwh

project = "dwh"
copyright = "the authors of dwh"
version = release = (Path(__file__).parents[1] / "VERSION").read_text("utf-8").strip()

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["demo"]
nitpicky = True
nitpick_ignore_regex = [
    # The documentation is built without the network, so other projects' names lead nowhere.
    ("py:.*", r"(pyspark|sqlalchemy|sa|datetime|collections|typing|abc|pathlib|decimal)\..*"),
    (
        "py:.*",
        r"(DataFrame|SparkSession|Receipt|Config|Ledger|Output|DateRange|Change|Kind|Status)",
    ),
    ("py:.*", r"(date|datetime|Decimal|Mapping|Any|Literal|dwh\.core\..*)"),
    # Explained in comparing.md, as arguments and as JSON.
    ("py:.*", r"(Engine|Side|NotCompared|Comparison|Key|Tolerances|RuleChoice|Declared|Contract)"),
    ("py:.*", r"dwh\.compare\.(model|changes|options)\..*"),
    # Documented under the package that exports them.
    ("py:.*", r"(dwh\.migrate\.rollout\.\w+\.\w+|Served|Decision)"),
]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"dwh {version}"
html_show_sourcelink = False

# Docstrings are written in Markdown's manner: `code` between single backticks.
default_role = "code"
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
napoleon_use_ivar = True


def command_reference(command: click.Command, parent: click.Context | None = None, name: str = "dwh") -> str:
    """Return the help of a command and of those below it, as Markdown."""
    settings = command.context_settings
    context = click.Context(command, info_name=name, parent=parent, terminal_width=100, **settings)
    lines = [] if parent is None else [f"## {context.command_path}", ""]
    lines += ["```text", command.get_help(context), "```", ""]
    names = command.list_commands(context) if isinstance(command, click.Group) else []
    lines += [command_reference(command.get_command(context, name), context, name) for name in names]
    return "\n".join(lines)


def insert_commands(app: Sphinx, page: str, source: list[str]) -> None:
    """Put the help of every command where commands.md wants it."""
    source[0] = source[0].replace("% command reference", command_reference(dwh))


def setup(app: Sphinx) -> None:
    """Hook into the build."""
    app.connect("source-read", insert_commands)
