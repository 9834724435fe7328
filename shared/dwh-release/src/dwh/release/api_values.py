"""What the imported package adds to what is written: values, constructors, names made at import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dwh.release.api_data import ApiData

__all__ = ["add_values"]


def add_values(api: dict[str, ApiData], seen: Mapping[str, Any], written: set[str]) -> None:
    """Add to the objects of an API, in place, what `looking` saw of them.

    Parameters:
        written: the paths of all names that the sources define or import.
    """
    for path in [path for path in api if _is_gone(path, api, seen)]:
        del api[path]
    for path, source in api.items():
        item = api[path] = _of_kind(path, source, seen)
        _add_call(path, item, seen)
        _add_value(path, item, seen)
        if item["kind"] in ("class", "function") and path in seen["traits"]:
            item["traits"] = seen["traits"][path]
        if item["kind"] == "class" and path in seen["instances"]:
            item["instances"] = seen["instances"][path]
        for parameter in item.get("parameters", []):
            if parameter["name"] in seen["defaults"].get(path, {}):
                parameter["is"] = seen["defaults"][path][parameter["name"]]
    api.update(_constructors(api, seen))
    api.update(_made(api, seen, written))


def _is_gone(path: str, api: Mapping[str, ApiData], seen: Mapping[str, Any]) -> bool:
    """Tell whether a name, or what it is in, is written, and yet nobody can import it."""
    above, _, name = path.rpartition(".")
    if above and _is_gone(above, api, seen):
        return True
    written = api.get(path, {}).get("kind") in ("class", "function") and name != "__init__"
    return written and above in seen["scanned"] and path not in seen["kinds"]


def _of_kind(path: str, item: ApiData, seen: Mapping[str, Any]) -> ApiData:
    """Return a class or a function as what a decorator or an assignment made of it."""
    if item["kind"] not in ("class", "function") or path.endswith("__init__"):
        return item
    if item["kind"] == "class" and path in seen["abstract"]:
        return {**item, "labels": ["abstract"]}
    if seen["kinds"].get(path, item["kind"]) in (item["kind"], "unknown"):
        return item
    return {"kind": "attribute", "labels": [], "annotation": None, "value": None}


def _add_call(path: str, item: ApiData, seen: Mapping[str, Any]) -> None:
    """Let the parameters count that callers give, where a decorator has others than the function."""
    above, _, name = path.rpartition(".")
    called = seen["calls"].get(above if name == "__init__" else path)
    if called is None or item["kind"] != "function":
        return
    own = item["parameters"][:1] if name == "__init__" else []
    written = item["parameters"][len(own) :]
    if [(p["name"], p["kind"]) for p in written] != [(p["name"], p["kind"]) for p in called]:
        item["parameters"] = [*own, *called]


def _add_value(path: str, item: ApiData, seen: Mapping[str, Any]) -> None:
    constant = item.get("value") is not None or path in seen["fixed"]
    if item["kind"] == "attribute" and "value" in item and constant and path in seen["values"]:
        item["is"] = seen["values"][path]


def _constructors(api: Mapping[str, ApiData], seen: Mapping[str, Any]) -> dict[str, ApiData]:
    """Return the constructors that come from a `__new__`, a mixin or a decorator."""
    return {
        f"{path}.__init__": {"kind": "function", "labels": [], "parameters": parameters, "returns": None}
        for path, parameters in seen["calls"].items()
        if api.get(path, {}).get("kind") == "class" and f"{path}.__init__" not in api
    }


def _made(api: Mapping[str, ApiData], seen: Mapping[str, Any], written: set[str]) -> dict[str, ApiData]:
    """Return the constants that a loop or `globals()` makes, and what was promised and is still there."""
    made: dict[str, ApiData] = {}
    for path in seen["fixed"]:
        module, _, name = path.rpartition(".")
        public = not module or api.get(module, {}).get("kind") == "module"
        if path not in api and path not in written and public and name.isupper():
            made[path] = {"kind": "attribute", "labels": [], "value": None, "is": seen["values"][path]}
    for path in seen["found"].keys() - api.keys():
        if path in seen["values"]:
            made[path] = {"kind": "attribute", "labels": [], "value": None, "is": seen["values"][path]}
        else:
            made[path] = {"kind": "alias", "target": seen["found"][path]}
    made.update({path: {"kind": "unknown"} for path in seen["missing"].keys() - api.keys()})
    return made
