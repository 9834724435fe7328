"""Differences between two signatures: which calls that worked before would fail, or mean something else.

A parameter that is gone is a break also where `*args` or `**kwargs` would swallow its argument: the
call goes through and is ignored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dwh.release.annotations import alternatives
from dwh.release.api_data import ParameterData
from dwh.release.versions import Step

__all__ = ["ParameterChange", "parameter_changes"]

_POSITION, _NAME = "by position", "by name"
_WAYS = {
    "positional-only": {_POSITION},
    "positional or keyword": {_POSITION, _NAME},
    "keyword-only": {_NAME},
}


@dataclass(frozen=True)
class ParameterChange:
    """One difference: of which parameter, how, in words, and the step that allows it."""

    name: str
    aspect: str
    message: str
    step: Step = Step.major


def parameter_changes(old: list[ParameterData], new: list[ParameterData]) -> Iterator[ParameterChange]:
    """Yield the differences of a signature from what it was."""
    now = {parameter["name"]: parameter for parameter in new}
    for parameter in old:
        name = parameter["name"]
        if name in now:
            yield from _changed(parameter, now[name])
            yield from _moved(name, old, new)
        else:
            yield ParameterChange(name, "parameter removed", "the parameter was removed")
    known = {parameter["name"] for parameter in old}
    for parameter in new:
        if parameter["name"] not in known:
            yield _added(parameter)


def _changed(old: ParameterData, new: ParameterData) -> Iterator[ParameterChange]:
    name = old["name"]
    if _WAYS.get(old["kind"], {old["kind"]}) - _WAYS.get(new["kind"], {new["kind"]}):
        said = f"it is given in another way: {old['kind']} → {new['kind']}"
        yield ParameterChange(name, "parameter kind", said)
    was, now = alternatives(old["annotation"]), alternatives(new["annotation"])
    if was != now:
        said = f"its type changed: {old['annotation']} → {new['annotation']}"
        yield ParameterChange(name, "type", said, Step.minor if was and was < now else Step.major)
    if old["default"] is not None and new["default"] is None:
        yield ParameterChange(name, "required", f"it had the default {old['default']} and is now required")
    elif old["default"] not in (None, new["default"]) and _value(old) != _value(new):
        said = f"its default changed: {old['default']} → {new['default']}"
        yield ParameterChange(name, "default", said)


def _value(parameter: ParameterData) -> str | None:
    return parameter.get("is", parameter["default"])


def _moved(name: str, old: list[ParameterData], new: list[ParameterData]) -> Iterator[ParameterChange]:
    was, now = _positions(old), _positions(new)
    if name in was and name in now and was.index(name) != now.index(name):
        said = f"it moved from position {was.index(name) + 1} to {now.index(name) + 1}"
        yield ParameterChange(name, "parameter moved", said)


def _positions(parameters: list[ParameterData]) -> list[str]:
    return [p["name"] for p in parameters if _POSITION in _WAYS.get(p["kind"], ())]


def _added(parameter: ParameterData) -> ParameterChange:
    name = parameter["name"]
    if parameter["default"] is None and parameter["kind"] in _WAYS:
        return ParameterChange(name, "parameter required", "it is new, and required")
    return ParameterChange(name, "parameter added", "it is new, and optional", Step.minor)
