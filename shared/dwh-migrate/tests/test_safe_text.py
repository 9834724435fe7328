"""No value can hide, disguise itself or break out of the line it is shown on."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dwh.compare.safe_text import (
    count,
    percent,
    plural,
    prose,
    quantity,
    shorten,
    show,
    show_pair,
    visible,
)

ANY_TEXT = st.text(st.characters(), max_size=40)
NASTY = st.text(
    st.sampled_from("a b\t\n\r\x1b\x00\x7f\x9b\u202e\u200b\u2028\ud800⟨⟩…␣\u0301\u3164\xa0"), max_size=12
)


@settings(deadline=None)
@given(ANY_TEXT | NASTY)
@example("\x1b[31mred\x1b[0m")
@example("\u202egpj.exe")
def test_what_is_shown_has_no_invisible_character(text: str) -> None:
    categories = {unicodedata.category(char) for char in visible(text) if char != " "}
    assert not categories & {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"}
    assert len(visible(text).splitlines()) <= 1


@settings(deadline=None)
@given(ANY_TEXT | NASTY, ANY_TEXT | NASTY)
@example("a  b", "a b")
@example("a ", "a")
@example("␣", " ")
@example("⟨ESC⟩", "\x1b")
def test_two_different_texts_are_shown_differently(one: str, other: str) -> None:
    assert (visible(one) == visible(other)) == (one == other)


@settings(deadline=None)
@given(ANY_TEXT | NASTY)
@example("\ud800")
def test_what_is_shown_can_be_written_as_utf_8(text: str) -> None:
    assert visible(text).encode().decode() == visible(text)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain text", "plain text"),
        ("Zürich 東京 שלום", "Zürich 東京 שלום"),
        ("\x1b[31m", "⟨ESC⟩[31m"),
        ("a\r\nb\tc", "a⟨CR⟩⟨LF⟩b⟨TAB⟩c"),
        ("\u202eabc", "⟨U+202E⟩abc"),
        ("zero\u200bwidth", "zero⟨U+200B⟩width"),
        (" a  b ", "␣a␣␣b␣"),
        ("\x00\x7f\x9b", "⟨NUL⟩⟨U+007F⟩⟨U+009B⟩"),
        ("\ud800", "⟨U+D800⟩"),
        ("\u0301", "⟨U+0301⟩"),
        ("x" + "\u0301" * 5, "x\u0301\u0301\u0301⟨U+0301⟩⟨U+0301⟩"),
        ("caf\u00e9 \u1e69", "caf\u00e9 \u1e69"),
        ("cafe\u0301", "cafe⟨U+0301⟩"),
        ("s\u0323\u0307", "s⟨U+0323⟩⟨U+0307⟩"),
        ("\u212b", "⟨U+212B⟩"),
        ("\u1112\u1161\u11ab", "\u1112⟨U+1161⟩\u11ab"),
        ("⟨null⟩", "⟨U+27E8⟩null⟨U+27E9⟩"),
    ],
)
def test_ordinary_text_stays_and_the_rest_is_spelled_out(text: str, seen: str) -> None:
    assert visible(text) == seen


def test_null_the_empty_string_and_the_words_for_them_are_told_apart() -> None:
    values = [None, "", "null", "⟨null⟩", "⟨empty⟩", " "]
    assert len({show(value) for value in values}) == len(values)
    assert (show(None), show("")) == ("⟨null⟩", "⟨empty⟩")


def test_booleans_bytes_and_numbers_are_shown_as_data_people_write_them() -> None:
    assert [show(value) for value in (True, b"\x00\xff", 12, 1.5)] == ["true", "0x00ff", "12", "1.5"]


def test_a_long_text_is_cut_and_says_how_much_is_missing() -> None:
    assert shorten("x" * 10_000, 100) == "x" * 100 + "…⟨+9,900 characters⟩"
    assert shorten("x" * 101, 100).endswith("…⟨+1 character⟩")
    assert shorten("x" * 100, 100) == "x" * 100


@settings(deadline=None)
@given(st.text(max_size=300), st.integers(1, 50))
def test_what_is_shown_of_a_long_text_is_bounded(text: str, limit: int) -> None:
    assert len(shorten(text, limit)) <= 10 * limit + 40


@settings(deadline=None)
@given(st.integers(0, 9_999))
def test_two_long_texts_that_differ_anywhere_look_different(position: int) -> None:
    old = "x" * 10_000
    new = old[:position] + "y" + old[position + 1 :]
    left, right = show_pair(old, new)
    assert left != right
    assert "y" in right


@settings(deadline=None)
@given(NASTY, NASTY, st.integers(1, 6))
@example("a" * 11 + "b", "a" * 11 + "c", 6)
def test_a_pair_that_differs_is_shown_as_a_pair_that_differs(old: str, new: str, limit: int) -> None:
    left, right = show_pair(old, new, limit)
    assert (left == right) == (old == new)


def test_a_long_text_and_its_own_beginning_look_different() -> None:
    left, right = show_pair("x" * 200, "x" * 150)
    assert left != right
    assert show_pair("x" * 200, "") == ("x" * 120 + "…⟨+80 characters⟩", "⟨empty⟩")
    assert show_pair("x" * 200, None)[1] == "⟨null⟩"


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (0, 10, "0 %"),
        (10, 10, "100 %"),
        (1, 8, "12.50 %"),
        (2, 3_000_000, "<0.01 %"),
        (2_999_998, 3_000_000, ">99.99 %"),
        (0, 0, "–"),
    ],
)
def test_a_share_is_rounded_to_the_honest_side(part: int, whole: int, said: str) -> None:
    assert percent(part, whole) == said


@settings(deadline=None)
@given(st.integers(1, 10**12).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole))))
def test_only_nothing_is_0_percent_and_only_everything_is_100(pair: tuple[int, int]) -> None:
    part, whole = pair
    said = percent(part, whole)
    assert (said in ("0 %", "0.00 %")) == (part == 0)
    assert (said in ("100 %", "100.00 %")) == (part == whole)


def test_numbers_have_thousands_separators() -> None:
    assert count(1234567) == "1,234,567"
    assert [plural(n, "row") for n in (0, 1, 2000)] == ["0 rows", "1 row", "2,000 rows"]
    assert plural(2, "key that repeats", "keys that repeat") == "2 keys that repeat"


def test_measures_are_short_and_never_lose_their_size() -> None:
    assert [quantity(n) for n in (None, 0.0, 0.1, 1234.5678, 12345678.0, 1e-9, 3e20)] == [
        "–", "0", "0.1", "1,234.57", "12,345,678", "1e-09", "3e+20",
    ]  # fmt: skip


def test_a_sentence_stays_on_one_line_and_bounded() -> None:
    assert prose("one\n  two\tthree") == "one two three"
    assert len(prose("x" * 10_000)) < 700


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("paypal", "p\u0430ypal", ("paypal", "p⟨U+0430⟩ypal")),
        ("it's", "it\u2019s", ("it's", "it⟨U+2019⟩s")),
        ("a-b", "a\u2013b", ("a-b", "a⟨U+2013⟩b")),
        ("\uff21", "A", ("⟨U+FF21⟩", "A")),
        ("\u00e9", "e\u0301", ("⟨U+00E9⟩", "e⟨U+0301⟩")),
        ("\u00e9", "\u00e8", ("\u00e9", "\u00e8")),
        ("", "null", ("⟨empty⟩", "null")),
        (None, "null", ("⟨null⟩", "null")),
        (None, "⟨null⟩", ("⟨null⟩", "⟨U+27E8⟩null⟨U+27E9⟩")),
    ],
)
def test_a_pair_that_is_drawn_alike_is_spelled_out(
    old: str | None, new: str | None, shown: tuple[str, str]
) -> None:
    """And nothing else is."""
    assert show_pair(old, new) == shown


_ODD = st.sampled_from(
    list("ae\u0430\u00e9\u0301\u0323\u212b\u00c5\u200b\u00a0 \t'\u2019-\u2013⟨⟩␣…\u1161\u1112\ufb01fi+0U")
)


@given(st.text(_ODD, max_size=8), st.text(_ODD, max_size=8), st.integers(1, 6))
def test_two_texts_are_never_shown_alike(old: str, new: str, limit: int) -> None:
    """Neither what is drawn alike nor what is cut hides a difference."""
    left, right = show_pair(old, new, limit)
    assert (left == right) == (old == new)
