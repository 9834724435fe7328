"""What an error says of itself."""

from __future__ import annotations

from dwh.core.errors import (
    InvalidDateError,
    LedgerError,
    RunError,
    UnknownLineError,
    UnknownTableError,
    UsageError,
    one_line,
)


def test_the_text_begins_with_the_code_and_the_message_is_without_it() -> None:
    error = UnknownLineError("0.3", ["0.1"])
    assert (
        str(error)
        == "[DWH104] line 0.3 is not installed (installed: 0.1); install the distribution that provides it"
    )
    assert (
        error.message
        == "line 0.3 is not installed (installed: 0.1); install the distribution that provides it"
    )


def test_what_begins_with_a_code_keeps_that_one_alone() -> None:
    """An error that passes on what another process said has no better code than that."""
    said = str(InvalidDateError("x", "not a logical date"))
    assert str(UsageError(said)) == said


def test_the_cause_within_a_message_keeps_its_code() -> None:
    """It tells what to do; the code in front says only that a run failed."""
    cause = LedgerError("sqlite:///x", "is locked")
    run = RunError("r1", "my_job@0.1.1", one_line(cause))
    assert str(run).startswith(
        "[DWH404] run r1 of my_job@0.1.1 failed: [DWH501] ledger sqlite:///x: is locked"
    )


def test_a_user_s_own_error_without_a_code_is_shown_as_it_is() -> None:
    class OwnError(LedgerError):
        code = ""

    assert str(OwnError("sqlite:///x", "odd")) == "ledger sqlite:///x: odd"


def test_where_sparks_plan_came_from_is_left_out() -> None:
    """Spark adds the line of Python, and of SQL, that an expression is from: the reason comes before it."""
    said = 'Division by zero. SQLSTATE: 22012\n== DataFrame ==\n"__truediv__" was called from\n/a/job.py:3\n'
    assert one_line(ArithmeticError(said)) == "ArithmeticError: Division by zero."
    assert one_line(ArithmeticError()) == "ArithmeticError"


def test_what_was_left_out_is_not_shown_as_found() -> None:
    """Nothing was found where nothing was given, and an instant is not asked for as a date."""
    assert "found" not in str(InvalidDateError(None, "no logical date was given"))
    assert str(InvalidDateError("x", "not an instant", None)) == "[DWH103] not an instant: found 'x'"


def test_a_table_that_is_much_like_another_is_taken_for_it() -> None:
    """Mistyped, or without what is before its dot."""
    for typed in ("flights.carier_delays", "carrier_delays"):
        assert str(UnknownTableError(typed, ["flights.carrier_delays"])).endswith(
            "; did you mean flights.carrier_delays?"
        )
    assert "type: dwh jobs" in str(UnknownTableError("shop.sales", ["flights.carrier_delays"]))
