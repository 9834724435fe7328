"""What can be done with the instances of a class besides calling its methods."""

from __future__ import annotations

from types import MemberDescriptorType

__all__ = ["instance_traits"]

# What an instance can do by a special method, in words that follow "is no longer" and "became".
_ABILITIES = {
    "__aenter__": "an asynchronous context manager",
    "__aiter__": "asynchronously iterable",
    "__await__": "awaitable",
    "__call__": "callable",
    "__contains__": "a container",
    "__enter__": "a context manager",
    "__eq__": "compared by value",
    "__fspath__": "a path",
    "__getitem__": "subscriptable",
    "__iter__": "iterable",
    "__len__": "sized",
    "__lt__": "ordered",
    "__match_args__": "matched by position",
    "__next__": "an iterator",
    "__setitem__": "writable by subscript",
    "__add__": "an operand of +",
    "__and__": "an operand of &",
    "__mul__": "an operand of *",
    "__or__": "an operand of |",
    "__sub__": "an operand of -",
    "__truediv__": "an operand of /",
}


def instance_traits(found: type) -> list[str]:
    """Return what instances of a class can do, and which of their attributes can be set."""
    members: dict[str, object] = {}
    for owner in reversed(found.__mro__[:-1]):  # all but object
        members.update(vars(owner))
    traits = [words for name, words in _ABILITIES.items() if members.get(name)]
    if "__setattr__" in members:
        traits.append("frozen, or strict about attributes (it has a __setattr__)")
    if not found.__dictoffset__:
        traits.append("closed to other attributes (it has __slots__)")
        traits += [f"open at its slot {name}" for name in members if _is_open_slot(name, members[name])]
    return sorted(traits)


def _is_open_slot(name: str, member: object) -> bool:
    return isinstance(member, MemberDescriptorType) and not name.startswith("_")
