"""The public objects of a package, as data: the shape in which a record keeps them."""

from __future__ import annotations

from typing import NotRequired, TypedDict

__all__ = ["ApiData", "ParameterData"]

_Is = TypedDict("_Is", {"is": NotRequired[str]})


class ParameterData(_Is):
    """A parameter of a function, as it is written; `is` is the default's value once it is imported."""

    name: str
    kind: str
    annotation: str | None
    default: str | None


class ApiData(_Is, total=False):
    """A public object. Which keys it has depends on its kind.

    kind: `module`, `class`, `function`, `attribute`, `alias` (a name that a module passes on), or
        `unknown` (it needs a library that is not installed here; never recorded).
    traits: what an imported function or class is besides: `a generator`, `final`, `unhashable`.
    instances: what those of an imported class can do, such as `iterable`, or no longer can, such as `frozen`.
    value: a constant as it is written; `is` is its value once it is imported.
    """

    kind: str
    labels: list[str]
    traits: list[str]
    instances: list[str]
    bases: list[str]
    parameters: list[ParameterData]
    returns: str | None
    annotation: str | None
    value: str | None
    target: str
