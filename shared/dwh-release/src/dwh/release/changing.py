"""Write a changelog fragment."""

from __future__ import annotations

import re

from dwh.release.edits import Edits
from dwh.release.errors import FragmentError
from dwh.release.fixes import fixes_of
from dwh.release.fragments import Fragment, parse_fragment, read_fragments, valid_name
from dwh.release.repository import Package, Repository

__all__ = ["suggested_name", "write_fragment"]


def suggested_name(text: str) -> str:
    """Return a name made of the first words of a text."""
    words = re.findall(r"[a-z0-9]+", text.casefold())
    return "-".join(words[:6]) or "change"


def write_fragment(repository: Repository, package: Package, fragment: Fragment) -> str:
    """Write a fragment and return its path; raises FragmentError when it says nothing or is there already."""
    doing = f"writing a fragment for {package.name}"
    name = valid_name(fragment.name)
    taken = {known.name for known in read_fragments(package)} | fixes_of(repository, package).keys()
    if name in taken:
        raise FragmentError(
            doing, f"there is a fragment {name!r} already, or a release had one", "give another --name"
        )
    path = package.relative("changes", f"{name}.{fragment.kind}.md")
    parse_fragment(name, fragment.kind, fragment.content(), path)
    with Edits(repository.git) as edits:
        edits.write(path, fragment.content())
    return path
