"""One type has one text, however it is written."""

from __future__ import annotations

import pytest

from dwh.release.annotations import alternatives, plain_type


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Optional[int]", "int | None"),
        ("typing.Union[int, str, None]", "None | str | int"),
        ("'list[Money]'", "List[Money]"),
        ("collections.abc.Iterator[str]", "Iterator['str']"),
        ("dict[str, Optional[int]]", "Dict[str, None | int]"),
        ("{line}.Money", "'{line}.Money'"),
    ],
)
def test_one_type_has_one_text(one: str, other: str) -> None:
    assert plain_type(one) == plain_type(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Literal['a']", "Literal['b']"), ("int", None), ("list[int]", "list[str]"), ("a.Money", "b.Money")],
)
def test_other_types_have_other_texts(one: str, other: str | None) -> None:
    assert plain_type(one) != plain_type(other)


def test_a_union_has_its_members() -> None:
    assert alternatives("Optional[int] | str") == {"int", "None", "str"}
