"""Differences between two public APIs: what a caller of the code would notice."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from dwh.release._inspection.plain import plain_text
from dwh.release.annotations import plain_type
from dwh.release.api_data import ApiData, ParameterData
from dwh.release.findings import Finding
from dwh.release.parameter_changes import parameter_changes
from dwh.release.surface import Surface
from dwh.release.versions import Step

__all__ = ["api_findings"]

# What instances are that can do less; and what changes a meaning either way.
_RESTRICTIONS = ("frozen", "closed")
_CLOSED, _SLOT = "closed to other attributes (it has __slots__)", "open at its slot "
_EQUALITY = "compared by value"


def api_findings(old: dict[str, ApiData], new: Surface) -> Iterator[Finding]:
    """Yield the differences of a surface's API from a recorded one."""
    was, now = _with_values(old), _with_values(new.api)
    for path in sorted(was.keys() - now.keys()):
        yield from _gone(path, was, new)
    for path, after in now.items():
        if path in was:
            yield from _differences(path, was[path], after, new)
            yield from _slots(path, was, after, new)
        elif path.rpartition(".")[0] in was or "." not in path:
            yield from _added(path, after, new)


def _with_values(api: dict[str, ApiData]) -> dict[str, ApiData]:
    """Return an API whose defaults are values, not words, but for public constants: those tell themselves."""
    return {
        path: {**item, "parameters": [_valued(path, parameter, api) for parameter in item["parameters"]]}
        if "parameters" in item
        else item
        for path, item in api.items()
    }


def _valued(path: str, parameter: ParameterData, api: dict[str, ApiData]) -> ParameterData:
    text, above = parameter["default"], path
    while text and above:
        above = above.rpartition(".")[0]
        if f"{above}.{text}".lstrip(".") in api:
            return parameter
    return {**parameter, "default": parameter.get("is", _canonical(text))}


def _gone(path: str, old: dict[str, ApiData], new: Surface) -> Iterator[Finding]:
    above = path.rpartition(".")[0]
    if above in old and new.api.get(above, {"kind": "unknown"})["kind"] == "unknown":
        return  # it went with what it was in
    if path.endswith(".__init__"):
        yield from _parameters(path, old[path], {"kind": "function", "parameters": []}, new)
    else:
        yield _finding(new, path, "removed", f"{path} is gone")


def _added(path: str, after: ApiData, new: Surface) -> Iterator[Finding]:
    if path.endswith(".__init__"):
        yield from _parameters(path, {"kind": "function", "parameters": []}, after, new)
    else:
        yield _finding(new, path, "added", f"{after['kind']} {path} is new", Step.minor)


def _differences(path: str, before: ApiData, after: ApiData, new: Surface) -> Iterator[Finding]:
    if after["kind"] == "unknown":
        return  # it is a fault of the surface
    if "alias" in (before["kind"], after["kind"]):
        # Of a name that comes from elsewhere only that it can be imported is promised.
        if before.get("target") != after.get("target") and before["kind"] == after["kind"]:
            yield _finding(new, path, "moved", f"{path} comes from {after.get('target')}", Step.patch)
    elif before["kind"] != after["kind"]:
        said = f"{path}: it was a {before['kind']} and is a {after['kind']}"
        yield _finding(new, path, "kind", said)
    else:
        yield from _texts(path, before, after, new)
        yield from _labels(path, before, after, new)
        yield from _traits(path, before, after, new)
        yield from _instances(path, before, after, new)
        yield from _bases(path, before, after, new)
        yield from _parameters(path, before, after, new)


def _texts(path: str, before: ApiData, after: ApiData, new: Surface) -> Iterator[Finding]:
    if plain_type(before.get("returns")) != plain_type(after.get("returns")):
        yield _changed(new, path, "return type", before.get("returns"), after.get("returns"))
    # Where there was none, an annotation says what the value already was.
    told = before.get("annotation") or ("property" in after.get("labels", []) and after.get("annotation"))
    if (
        "annotation" in after
        and told
        and plain_type(before.get("annotation")) != plain_type(after["annotation"])
    ):
        yield _changed(new, path, "annotation", before.get("annotation"), after["annotation"])
    was, now = _value(before), _value(after)
    if was is not None and was != now:
        yield _changed(new, path, "value", was, now)


def _value(item: ApiData) -> str | None:
    return item.get("is", _canonical(item.get("value")))


def _canonical(text: str | None) -> str | None:
    """Return a literal as its value's text; anything else as it is written."""
    try:
        return text if text is None else plain_text(ast.literal_eval(text)) or text
    except (ValueError, SyntaxError):
        return text


def _labels(path: str, before: ApiData, after: ApiData, new: Surface) -> Iterator[Finding]:
    was, now = set(before.get("labels", [])), set(after.get("labels", []))
    for label in sorted(was ^ now):
        verb = "became" if label in now else "is no longer"
        # What is cached is called as before; what can be set as well can be read as before.
        step = Step.patch if label == "cached" else Step.major
        if label in ("writable", "deletable") and label in now:
            step = Step.minor
        yield _finding(new, path, label, f"{path} {verb} {label}", step)


def _traits(path: str, before: ApiData, after: ApiData, new: Surface) -> Iterator[Finding]:
    """Yield what became of a function or class; of what older records hold, none is known."""
    if "traits" in before and "traits" in after:
        for trait in sorted({*before["traits"]} ^ {*after["traits"]}):
            verb = "became" if trait in after["traits"] else "is no longer"
            step = Step.minor if verb != "became" and trait != "a generator" else Step.major
            yield _finding(new, path, trait, f"{path} {verb} {trait}", step)


def _instances(path: str, before: ApiData, after: ApiData, new: Surface) -> Iterator[Finding]:
    """Yield what instances can do now or no longer can; of what older records hold, none is known."""
    if "instances" in before and "instances" in after:
        for trait in sorted({*before["instances"]} ^ {*after["instances"]}):
            if trait.startswith(_SLOT):
                continue
            less = (trait in after["instances"]) is trait.startswith(_RESTRICTIONS)
            verb = "became" if trait in after["instances"] else "is no longer"
            step = Step.major if less or trait == _EQUALITY else Step.minor
            yield _finding(new, path, trait.partition(",")[0], f"{path} {verb} {trait}", step)


def _slots(path: str, old: dict[str, ApiData], after: ApiData, new: Surface) -> Iterator[Finding]:
    """Yield the attributes that instances take no longer, or now, but for those that the API tells of."""
    before = old[path].get("instances", [])
    if _CLOSED not in before or _CLOSED not in after.get("instances", []):
        return  # a class that is open takes any
    for trait in sorted({*before} ^ {*after["instances"]}):
        name = trait.removeprefix(_SLOT)
        if name != trait and (f"{path}.{name}" in old) == (f"{path}.{name}" in new.api):
            verb, step = ("is no longer", Step.major) if trait in before else ("became", Step.minor)
            yield _finding(new, path, f"slot {name}", f"{path} {verb} {trait}", step)


def _bases(path: str, before: ApiData, after: ApiData, new: Surface) -> Iterator[Finding]:
    was, now = before.get("bases", []), after.get("bases", [])
    if was != now:
        step = Step.minor if set(was) <= set(now) else Step.major
        yield _changed(new, path, "bases", ", ".join(was), ", ".join(now), step)


def _parameters(path: str, before: ApiData, after: ApiData, new: Surface) -> Iterator[Finding]:
    was, now = (_given(path, item.get("parameters", [])) for item in (before, after))
    for change in parameter_changes(was, now):
        said = f"{path}({change.name}): {change.message}"
        yield _finding(new, path, f"{change.aspect} {change.name}", said, change.step)


def _given(path: str, parameters: list[ParameterData]) -> list[ParameterData]:
    """Return the parameters that a caller gives: not the `self` of a constructor."""
    own = path.endswith(".__init__") and parameters and parameters[0]["name"] == "self"
    return parameters[1 if own else 0 :]


def _changed(
    new: Surface, path: str, aspect: str, before: str | None, after: str | None, step: Step = Step.major
) -> Finding:
    return _finding(
        new, path, aspect, f"{path}: its {aspect} changed: {before or 'none'} → {after or 'none'}", step
    )


def _finding(new: Surface, path: str, aspect: str, message: str, step: Step = Step.major) -> Finding:
    return Finding(step, "api", path, aspect, message, new.place(path))
