"""What the HTML pages of dwh have in common: how they look, and that they can do no harm.

A page has no script, loads nothing and forbids both by its Content-Security-Policy (in
`head.html.jinja`), so it may be mailed, kept as an artifact or opened from disk, whatever it shows.
Colours, type and tables are in `page.css`; each page adds its own after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["page_template"]


def page_template(
    package: str,
    name: str,
    helpers: Mapping[str, object],
    *,
    finalize: Callable[[Any], Any] | None = None,
) -> Template:
    """Return a page's template, in which every value is escaped.

    Parameters:
        package: the package that holds the template.
        helpers: functions that the template calls, by name.
        finalize: called with every value before it is escaped.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, "."), PackageLoader(__name__, ".")]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(helpers)
    return environment.get_template(name)
