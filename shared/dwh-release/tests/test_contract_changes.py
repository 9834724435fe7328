"""The table of contract changes, as properties of any two contracts."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dwh.release.contract_changes import contract_findings
from dwh.release.findings import Finding
from dwh.release.jobs import Place
from dwh.release.surface import Surface
from dwh.release.versions import Step

NAMES = st.lists(st.sampled_from("abcdefgh"), min_size=2, max_size=6, unique=True)
TYPES = ["bigint", "string", "double", "date"]


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Any]:
    """Any contract, with at least two columns and no key."""
    columns = [
        {
            "name": name,
            "type": draw(st.sampled_from(TYPES)),
            "nullable": draw(st.booleans()),
            "doc": f"what {name} is",
        }
        for name in draw(NAMES)
    ]
    return {
        "name": "t",
        "columns": columns,
        "key": [],
        "partition_by": None,
        "doc": "a row",
        "may_be_empty": False,
    }


def job(
    writes: dict[str, Any], *changes: dict[str, Any], reads: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    """A job that writes a table."""
    return {"class": "J", "reads": reads or [], "writes": writes, "changes": list(changes)}


def found(old: dict[str, Any], new: dict[str, Any]) -> list[Finding]:
    """The differences between two jobs."""
    surface = Surface({}, {"j": new}, {}, {}, {}, Place("here", 1))
    return list(contract_findings({"j": old}, surface))


def steps(old: dict[str, Any], new: dict[str, Any]) -> set[Step]:
    """The steps of the differences between two tables."""
    return {finding.step for finding in found(job(old), job(new))}


@given(tables())
def test_a_contract_does_not_differ_from_itself(table: dict[str, Any]) -> None:
    """Nor from itself in other words that mean the same, or with columns that are sensitive by now."""
    other = copy.deepcopy(table)
    for column in other["columns"]:
        column["doc"] = f"  {column['doc'].upper()}. "
        column["sensitive"] = True
    assert found(job(table), job(other)) == found(job(other), job(table)) == []


@given(tables(), st.data())
def test_every_loss_breaks(table: dict[str, Any], data: st.DataObject) -> None:
    """A column that is gone, retyped, or means something else; and each says which."""
    position = data.draw(st.integers(0, len(table["columns"]) - 1))
    name = table["columns"][position]["name"]
    for edit in ("remove", "retype", "redefine"):
        other = copy.deepcopy(table)
        column = other["columns"][position]
        if edit == "remove":
            del other["columns"][position]
        elif edit == "retype":
            column["type"] = next(kind for kind in TYPES if kind != column["type"])
        else:
            column["doc"] = "something else"
        differences = found(job(table), job(other))
        assert {difference.step for difference in differences} == {Step.major}
        assert all(difference.path == f"j.writes.{name}" for difference in differences)


@given(tables(), st.booleans(), st.data())
def test_a_new_column_is_a_feature_only_at_the_end_and_nullable(
    table: dict[str, Any], nullable: bool, data: st.DataObject
) -> None:
    """Anywhere else it moves the ones after it."""
    position = data.draw(st.integers(0, len(table["columns"])))
    other = copy.deepcopy(table)
    other["columns"].insert(position, {"name": "new", "type": "date", "nullable": nullable, "doc": "x"})
    at_the_end = position == len(table["columns"])
    assert steps(table, other) == {Step.minor if nullable and at_the_end else Step.major}


@given(tables(), st.randoms())
def test_any_other_order_breaks(table: dict[str, Any], random: Any) -> None:
    """insertInto goes by position."""
    other = copy.deepcopy(table)
    random.shuffle(other["columns"])
    assert steps(table, other) == (set() if other == table else {Step.major})


@given(tables(), st.data())
def test_nullability_mirrors_between_outputs_and_inputs(table: dict[str, Any], data: st.DataObject) -> None:
    """What loosens an output breaks readers; what tightens an input breaks whoever feeds it."""
    position = data.draw(st.integers(0, len(table["columns"]) - 1))
    strict, loose = copy.deepcopy(table), copy.deepcopy(table)
    strict["columns"][position]["nullable"] = False
    loose["columns"][position]["nullable"] = True
    assert steps(strict, loose) == {Step.major} and steps(loose, strict) == {Step.minor}
    fixed: dict[str, Any] = {**table, "name": "out"}
    reading = [job(fixed, reads=[one]) for one in (strict, loose)]
    assert {difference.step for difference in found(*reading)} == {Step.patch}
    assert {difference.step for difference in found(*reversed(reading))} == {Step.major}


@given(tables(), st.integers(1, 9))
def test_a_job_that_looks_further_asks_for_more(table: dict[str, Any], days: int) -> None:
    """A wider window breaks whoever feeds the job, a narrower one does not; another line is another input."""
    fixed: dict[str, Any] = {**table, "name": "out"}
    usual, wide = job(fixed, reads=[table]), job(fixed, reads=[{**table, "back": days}])
    assert [(d.step, d.aspect) for d in found(usual, wide)] == [(Step.major, "back")]
    assert [(d.step, d.aspect) for d in found(wide, usual)] == [(Step.patch, "back")]
    of_line = job(fixed, reads=[{**table, "line": "0.1"}])
    assert [(d.step, d.aspect) for d in found(usual, of_line)] == [(Step.major, "line")]


@given(tables(), st.data())
def test_a_declared_rename_is_one_difference(table: dict[str, Any], data: st.DataObject) -> None:
    """In its place, with its type and meaning: renamed, neither gone nor new."""
    position = data.draw(st.integers(0, len(table["columns"]) - 1))
    other = copy.deepcopy(table)
    old = other["columns"][position]["name"]
    other["columns"][position]["name"] = "new"
    declared = {"change": "Renamed", "old": old, "new": "new", "reason": "better"}
    assert [difference.aspect for difference in found(job(table), job(other, declared))] == ["renamed"]
    assert sorted({d.aspect for d in found(job(table), job(other))}) == ["added", "removed"]


def test_a_type_that_is_only_spelled_otherwise_is_no_change():
    """Records of older releases hold types as they were written; what a type means counts."""
    old = {"name": "n", "type": "map<integer, array<LONG>>", "nullable": True, "doc": "n"}
    table = {"name": "t", "columns": [old], "key": [], "partition_by": None, "doc": "", "may_be_empty": False}
    new = {**table, "columns": [{**old, "type": "map<int,array<bigint>>"}]}
    assert found(job(table), job(new)) == []
    other = {**table, "columns": [{**old, "type": "map<int,array<int>>"}]}
    assert [finding.aspect for finding in found(job(table), job(other))] == ["type"]
