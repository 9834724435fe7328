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
    for path, item in api.items():
        _add_value(path, item, seen)
        for parameter in item.get("parameters", []):
            if parameter["name"] in seen["defaults"].get(path, {}):
                parameter["is"] = seen["defaults"][path][parameter["name"]]
    api.update(_constructors(api, seen))
    api.update(_made(api, seen, written))


def _add_value(path: str, item: ApiData, seen: Mapping[str, Any]) -> None:
    constant = item.get("value") is not None or path in seen["fixed"]
    if item["kind"] == "attribute" and "value" in item and constant and path in seen["values"]:
        item["is"] = seen["values"][path]


def _constructors(api: Mapping[str, ApiData], seen: Mapping[str, Any]) -> dict[str, ApiData]:
    """Return the constructors that come from a `__new__`, a mixin or a decorator."""
    return {
        f"{path}.__init__": {"kind": "function", "labels": [], "parameters": parameters, "returns": None}
        for path, parameters in seen["calls"].items()
        if path in api and f"{path}.__init__" not in api
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
    return made
