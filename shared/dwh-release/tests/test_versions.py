"""Steps and versions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwh.release.errors import VersionError
from dwh.release.versions import Step, in_line, next_release, parse, parse_line, step_between

numbers = st.integers(0, 10**6)
releases = st.builds("{}.{}.{}".format, numbers, numbers, numbers)
steps = st.sampled_from([Step.patch, Step.minor, Step.major])


@pytest.mark.parametrize(
    ("version", "step", "following"),
    [
        ("0.1.1", Step.patch, "0.1.2"), ("0.1.1", Step.minor, "0.1.2"), ("0.1.1", Step.major, "0.2.0"),
        ("1.2.3", Step.patch, "1.2.4"), ("1.2.3", Step.minor, "1.3.0"), ("1.2.3", Step.major, "2.0.0"),
        ("0.1.9", Step.patch, "0.1.10"),
    ],
)  # fmt: skip
def test_a_step_moves_its_number(version: str, step: Step, following: str) -> None:
    """One place to the right before 1.0."""
    assert next_release(version, step) == following


@given(releases, steps)
def test_a_step_allows_itself(version: str, step: Step) -> None:
    """The release that a step leads to is newer and allows at least that step."""
    following = next_release(version, step)
    assert parse(following) > parse(version)
    assert step_between(version, following) >= step
    assert step_between(following, version) is Step.none


@given(releases)
def test_only_a_break_leaves_a_line(version: str) -> None:
    """A line is named by numbers that neither a fix nor a feature moves."""
    major, minor, _ = parse(version)
    line = f"{major}.{minor}" if major == 0 else f"{major}.0"
    assert in_line(line, version)
    assert in_line(line, next_release(version, Step.patch)) and in_line(
        line, next_release(version, Step.minor)
    )
    assert not in_line(line, next_release(version, Step.major))


@pytest.mark.parametrize(
    "text", ["1.2", "1.2.3.4", "01.2.3", "1.2.x", "1.2.3rc1", "v1.2.3", " 1.2.3", "1.2.3\n", "١.٢.٣", ""]
)
def test_what_is_no_release_is_refused(text: str) -> None:
    """Three numbers, and nothing else."""
    with pytest.raises(VersionError, match="is not a release"):
        parse(text)


@pytest.mark.parametrize("text", ["1", "1.2.3", "0.01", "a.b", ""])
def test_what_is_no_line_is_refused(text: str) -> None:
    """Two numbers, and nothing else."""
    with pytest.raises(VersionError, match="is not a line"):
        parse_line(text)
