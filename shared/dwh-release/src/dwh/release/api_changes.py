"""Differences between two public APIs. What griffe can tell it tells; the rest is found here.

griffe (2.4) sees removed objects, changed kinds and parameters. It reports breaks only, and does not
see a changed annotation of a parameter, an attribute or a return value, a changed constant, a
function that became async, or a method that became a property.
"""

from __future__ import annotations

from collections.abc import Iterator

import griffe

from dwh.release.api import ApiData, rebuilt
from dwh.release.findings import Finding
from dwh.release.surface import Surface
from dwh.release.versions import Step

__all__ = ["api_findings"]

_ASPECTS = {
    griffe.BreakageKind.PARAMETER_MOVED: "parameter moved",
    griffe.BreakageKind.PARAMETER_REMOVED: "parameter removed",
    griffe.BreakageKind.PARAMETER_CHANGED_KIND: "parameter kind",
    griffe.BreakageKind.PARAMETER_CHANGED_DEFAULT: "default",
    griffe.BreakageKind.PARAMETER_CHANGED_REQUIRED: "required",
    griffe.BreakageKind.PARAMETER_ADDED_REQUIRED: "parameter required",
    griffe.BreakageKind.OBJECT_REMOVED: "removed",
    griffe.BreakageKind.OBJECT_CHANGED_KIND: "kind",
    griffe.BreakageKind.CLASS_REMOVED_BASE: "base removed",
    # Annotations are compared here, in one place.
    griffe.BreakageKind.RETURN_CHANGED_TYPE: None,
}


def api_findings(old: dict[str, ApiData], new: Surface) -> Iterator[Finding]:
    """Yield the differences of a surface's API from a recorded one."""
    yield from _by_griffe(old, new)
    for path, after in new.api.items():
        if path not in old:
            if path.rpartition(".")[0] in old or "." not in path:
                yield _finding(new, path, "added", f"{after['kind']} {path} is new", Step.minor)
        elif old[path]["kind"] == after["kind"]:
            yield from _by_text(path, old[path], after, new)


def _by_griffe(old: dict[str, ApiData], new: Surface) -> Iterator[Finding]:
    for breakage in griffe.find_breaking_changes(rebuilt("api", old), rebuilt("api", new.api)):
        aspect = _ASPECTS.get(breakage.kind, breakage.kind.value.lower())
        path = breakage.obj.path.removeprefix("api.")
        if aspect is not None:
            yield _griffe_finding(new, path, aspect, breakage)


def _griffe_finding(new: Surface, path: str, aspect: str, breakage: griffe.Breakage) -> Finding:
    before, after = breakage.old_value, breakage.new_value
    parameter = before if isinstance(before, griffe.Parameter) else after
    if isinstance(parameter, griffe.Parameter):
        message = f"{path}({parameter.name}): {breakage.kind.value.lower()}{_values(before, after, aspect)}"
        return _finding(new, path, f"{aspect} {parameter.name}", message)
    if aspect == "removed":
        return _finding(new, path, aspect, f"{path} is gone")
    said = f"{path}: {breakage.kind.value.lower()}: {_shown(before)} → {_shown(after)}"
    return _finding(new, path, aspect, said)


def _values(before: object, after: object, aspect: str) -> str:
    if not isinstance(before, griffe.Parameter) or not isinstance(after, griffe.Parameter):
        return ""
    if aspect == "default":
        return f": {before.default} → {after.default}"
    if aspect == "parameter kind":
        return f": {_shown(before.kind)} → {_shown(after.kind)}"
    return ""


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(getattr(value, "value", value))


def _by_text(path: str, before: ApiData, after: ApiData, new: Surface) -> Iterator[Finding]:
    if before.get("returns") != after.get("returns"):
        yield _changed(new, path, "return type", before.get("returns"), after.get("returns"))
    if before.get("annotation") != after.get("annotation"):
        yield _changed(new, path, "annotation", before.get("annotation"), after.get("annotation"))
    if before.get("value") != after.get("value"):
        yield _changed(new, path, "value", before.get("value"), after.get("value"))
    if before.get("target") != after.get("target"):
        # Where a name is defined is not promised, that it can be imported is.
        yield _finding(new, path, "moved", f"{path} comes from {after.get('target')}", Step.patch)
    yield from _labels(path, before, after, new)
    yield from _bases(path, before, after, new)
    yield from _parameters(path, before, after, new)


def _labels(path: str, before: ApiData, after: ApiData, new: Surface) -> Iterator[Finding]:
    was, now = set(before.get("labels", [])), set(after.get("labels", []))
    for label in sorted(was ^ now):
        verb = "became" if label in now else "is no longer"
        yield _finding(new, path, label, f"{path} {verb} {label}")


def _bases(path: str, before: ApiData, after: ApiData, new: Surface) -> Iterator[Finding]:
    was, now = before.get("bases", []), after.get("bases", [])
    if was == now or len(now) < len(was):  # the second griffe says
        return
    step = Step.minor if set(was) <= set(now) else Step.major
    yield _changed(new, path, "bases", ", ".join(was) or "none", ", ".join(now), step)


def _parameters(path: str, before: ApiData, after: ApiData, new: Surface) -> Iterator[Finding]:
    was = {parameter["name"]: parameter for parameter in before.get("parameters", [])}
    for parameter in after.get("parameters", []):
        name = parameter["name"]
        if name in was:
            old = was[name]["annotation"]
            if old != parameter["annotation"]:
                where = f"{path}({name})"
                said = f"{where}: its type changed: {old} → {parameter['annotation']}"
                yield _finding(new, path, f"type {name}", said)
        elif parameter["default"] is not None or parameter["kind"].startswith("variadic"):
            yield _finding(
                new, path, f"parameter added {name}", f"{path}({name}) is new, and optional", Step.minor
            )


def _changed(
    new: Surface, path: str, aspect: str, before: str | None, after: str | None, step: Step = Step.major
) -> Finding:
    return _finding(
        new, path, aspect, f"{path}: its {aspect} changed: {before or 'none'} → {after or 'none'}", step
    )


def _finding(new: Surface, path: str, aspect: str, message: str, step: Step = Step.major) -> Finding:
    return Finding(step, "api", path, aspect, message, new.place(path))
