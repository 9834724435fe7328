"""The diff that a person sees before anything changes."""

from __future__ import annotations

from dwh.deploy.plan import Change, Plan, changes
from dwh.deploy.platforms import GLUE
from dwh.deploy.store import Layout, Part

OLD = {"Role": "a", "DefaultArguments": {"--job": "takings@0.1.0", "--modules": "x,y"}, "Timeout": 5}
NEW = {"Role": "a", "DefaultArguments": {"--job": "takings@0.1.1", "--modules": "x,z"}, "Timeout": 5}


def plan(**more) -> Plan:
    """Return a plan of an update."""
    parts = {Part("dwh/wheels/z.whl", b"zz", "z 1"): "new", Part("dwh/wheels/x.whl", b"x", "x 1"): "there"}
    settings = {"new": False, "parts": parts, "changes": changes(OLD, NEW), "update": NEW, **more}
    return Plan("takings@0.1.1", "dwh-takings-0.1", GLUE["5.0"], Layout("artifacts", "dwh"), **settings)


def test_only_what_differs_is_a_change():
    """Arguments go by their own names; what stays is not mentioned."""
    assert changes(OLD, NEW) == (
        Change("--job", "takings@0.1.0", "takings@0.1.1"),
        Change("--modules", "x,y", "x,z"),
    )
    assert changes(OLD, OLD) == ()


def test_a_new_or_removed_setting_has_one_side():
    """What was not there has no value before, what goes has none after."""
    assert changes({"A": 1}, {"B": 2}) == (Change("B", None, "2"), Change("A", "1", None))


def test_the_diff_shows_both_sides_and_list_items_alone():
    """Lines that go come before those that come; an item of a list that stays is left out."""
    assert list(plan().lines()) == [
        (" ", "1 of 2 objects are in s3://artifacts/dwh"),
        ("+", "s3://artifacts/dwh/wheels/z.whl (2 bytes, sha256 4a60bf7d4bc1e485…)"),
        (" ", "Glue job dwh-takings-0.1"),
        ("-", "  --job: takings@0.1.0"),
        ("+", "  --job: takings@0.1.1"),
        ("-", "  --modules: y"),
        ("+", "  --modules: z"),
    ]


def test_a_plan_without_changes_is_empty():
    """Nothing to upload and nothing to set: there is nothing to do."""
    parts = {Part("dwh/wheels/x.whl", b"x", "x 1"): "there"}
    assert plan(parts=parts, changes=()).empty
    assert not plan(changes=()).empty


def test_json_has_the_whole_hashes():
    """The machine's form says what each object is, and each setting before and after."""
    data = plan().to_dict()
    assert data["objects"][1]["state"] == "there" and len(data["objects"][0]["sha256"]) == 64
    assert data["changes"][0] == {"setting": "--job", "before": "takings@0.1.0", "after": "takings@0.1.1"}
