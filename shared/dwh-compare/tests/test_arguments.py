"""Arguments: each works as one would expect, or is refused in a sentence."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from frames import frame_of_rows
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from dwh.compare import ComparisonError, Side, Tolerance, compare, compare_stored, fingerprint
from dwh.compare.changes import Renamed


@pytest.fixture(scope="module")
def old(spark: SparkSession) -> DataFrame:
    """Two rows with a price."""
    return frame_of_rows(spark, [(1, 1.0), (2, 2.0)], "id int, price double")


@pytest.fixture(scope="module")
def new(spark: SparkSession) -> DataFrame:
    """The same, one price a tenth higher."""
    return frame_of_rows(spark, [(1, 1.0), (2, 2.1)], "id int, price double")


@pytest.mark.breadth
@pytest.mark.parametrize(
    "arguments",
    [
        {"key": "id", "tolerances": {"price": 0.11}},
        {"key": ("id",), "tolerances": {"price": Decimal("0.11")}},
        {"key": {"id"}, "tolerances": {"price": "10%"}},
        {"key": (name for name in ["id"]), "tolerances": {"price": 1}},
        {"key": ["id"], "tolerances": {"price": Tolerance("0.11")}},
        {"key": "id", "ignore": "price"},
        {"key": "id", "max_changed": "50%"},
        {"key": "id", "max_changed": Decimal("0.5"), "samples": 0, "top": 0},
        {"key": "id", "ignore": ["price"], "changes": None, "tolerances": None, "gaps": None},
        {"key": "id", "ignore": "price", "sides": ("before", Side("after"))},
    ],
)
def test_what_one_would_expect_works(old: DataFrame, new: DataFrame, arguments: dict[str, Any]) -> None:
    """A text is one column, a number an absolute tolerance, a percentage a relative one or a share."""
    left, right = (frame.withColumn("shop", F.lit("north")) for frame in (old, new))
    assert compare(left, right, **arguments).verdict == "pass"


@pytest.mark.parametrize("key", [None, (), []])
def test_no_key_compares_rows_as_a_multiset(old: DataFrame, new: DataFrame, key: Any) -> None:
    """None is as good as an empty list."""
    assert compare(old, new, key=key).rows.left_only.count == 1


def test_a_tolerance_may_go_by_the_older_name(old: DataFrame, new: DataFrame) -> None:
    """The report has it by the newer one; two for one column are refused."""
    renamed = new.withColumnRenamed("price", "cost")
    changes = Renamed("price", "cost", "it is one")
    result = compare(old, renamed, key="id", changes=changes, tolerances={"price": 0.2})
    assert result.verdict == "pass"
    assert dict(result.measurement.tolerances) == {"cost": Tolerance("0.2")}
    with pytest.raises(ComparisonError, match="there are two"):
        compare(old, renamed, key="id", changes=[changes], tolerances={"price": 0.2, "cost": 0.2})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"key": 1}, r"key=1: write names of columns"),
        ({"key": [1]}, "a column's name is text, not 1"),
        ({"key": b"id"}, "write names of columns"),
        ({"key": {"id": 1}}, "a column's name is text, not 1"),
        ({"key": "ID"}, "ID is not on both sides"),
        ({"key": ["id", "id"]}, "a column is named twice"),
        ({"key": "id", "ignore": "id"}, "a key column cannot be ignored"),
        ({"key": "id", "ignore": "nothing"}, "neither side has it"),
        ({"key": "id", "ignore": 3}, "ignore=3"),
        ({"key": "id", "tolerances": 0.1}, "write one for each column"),
        ({"key": "id", "tolerances": ["price"]}, "write one for each column"),
        ({"key": "id", "tolerances": {"price": None}}, "'price': None: write a finite number"),
        ({"key": "id", "tolerances": {"price": True}}, "'price': True: write a finite number"),
        ({"key": "id", "tolerances": {"price": -1}}, "'price': -1: write a finite number"),
        ({"key": "id", "tolerances": {"price": float("nan")}}, "'price': nan"),
        ({"key": "id", "tolerances": {"price": float("inf")}}, "'price': inf"),
        ({"key": "id", "tolerances": {"price": "much"}}, "'price': 'much'"),
        ({"key": "id", "tolerances": {"id": 1}}, "a key column or an ignored column has none"),
        ({"key": "id", "tolerances": {1: 1}}, "a column's name is text, not 1"),
        ({"max_changed": 5}, "max_changed=5: write a share"),
        ({"max_changed": "500%"}, "max_changed='500%': write a share"),
        ({"max_changed": -0.1}, "write a share"),
        ({"max_changed": "some"}, "write a share"),
        ({"max_changed": True}, "write a share"),
        ({"max_changed": float("nan")}, "write a share"),
        ({"samples": -1}, "samples=-1: write a whole number"),
        ({"samples": "a"}, "samples='a'"),
        ({"samples": 1.5}, "samples=1.5"),
        ({"samples": None}, "samples=None"),
        ({"top": -1}, "top=-1"),
        ({"top": True}, "top=True"),
        ({"samples": 2**40}, "write a whole number"),
        ({"changes": "renamed"}, "write a list of Added"),
        ({"changes": ["renamed"]}, "'renamed' is not an Added"),
        ({"changes": 3}, "write a list of Added"),
        ({"sides": "left"}, "write two of them"),
        ({"sides": ("left",)}, "write two of them"),
        ({"contracts": "no"}, "write two of them"),
        ({"fingerprints": ({}, {})}, "not what fingerprint"),
        ({"fingerprints": "no"}, "write two of them"),
    ],
)
def test_what_means_nothing_is_refused(
    old: DataFrame, new: DataFrame, arguments: dict[str, Any], said: str
) -> None:
    """The message has what was given, and what to write."""
    with pytest.raises(ComparisonError, match=said):
        compare(old, new, **arguments)


@pytest.mark.parametrize(
    ("side", "said"),
    [
        (None, "left is None"),
        ("table", r"left is 'table', .*spark\.table\(name\)"),
        ([Row(id=1)], r"left is list, .*spark\.createDataFrame\(left\)"),
        (3, "left is 3"),
    ],
)
def test_what_is_no_dataframe_is_refused(new: DataFrame, side: Any, said: str) -> None:
    """With the way to make it one."""
    with pytest.raises(ComparisonError, match=said):
        compare(side, new)
    with pytest.raises(ComparisonError, match="right is "):
        compare(new, side)
    with pytest.raises(ComparisonError, match="frame is "):
        fingerprint(side)


@pytest.mark.parametrize(("library", "made"), [("pandas", "DataFrame"), ("pyarrow", "table")])
def test_a_frame_of_another_library_is_refused(new: DataFrame, library: str, made: str) -> None:
    """Spark guesses its types otherwise."""
    frame = getattr(pytest.importorskip(library), made)({"id": [1]})
    with pytest.raises(ComparisonError, match=rf"left is a {library}.*spark\.createDataFrame\(left\)"):
        compare(frame, new)


@pytest.mark.parametrize("stored", [None, {}, "x", {"format": 1}])
def test_what_is_no_fingerprint_is_refused(old: DataFrame, stored: Any) -> None:
    """Before anything is compared."""
    with pytest.raises(ComparisonError, match=r"left is .*, not what fingerprint\(\) returned"):
        compare_stored(stored, fingerprint(old, "id"))


def test_stored_fingerprints_take_the_same_arguments(old: DataFrame) -> None:
    """A text is one column here, too."""
    one = fingerprint(old, "id", unique=True)
    result = compare_stored(
        one, one, key="id", ignore="price", tolerances=None, changes=None, sides=("a", "b")
    )
    assert result
    assert (result.left.label, result.measurement.ignored) == ("a", ("price",))
    with pytest.raises(ComparisonError, match="named twice"):
        fingerprint(old, ["id", "id"])


NAMES = ["a.b", "a`b", "a'b", 'a"b', "a\nb", " a ", "naïve", "a;--", "select", "l0", "kind"]


def test_columns_may_have_any_name(spark: SparkSession) -> None:
    """As key, as value with a tolerance, or in a row of a multiset."""
    values = [f"{name}v" for name in NAMES]
    keys, left, right = (spark.range(1).select(*[F.lit(n)] * len(NAMES)) for n in (0, 1, 2))
    left, right = (keys.toDF(*NAMES).crossJoin(frame.toDF(*values)) for frame in (left, right))
    found = compare(left, right, key=NAMES)
    assert {column.name: column.differing.count for column in found.columns} == {
        **dict.fromkeys(NAMES, 0), **dict.fromkeys(values, 1),
    }  # fmt: skip
    assert compare(left, right, key=NAMES, tolerances=dict.fromkeys(values, 1)).verdict == "pass"
    assert compare(left, right).rows.left_only.count == 1


def test_names_that_differ_in_case_are_columns_of_their_own(spark: SparkSession) -> None:
    """Two columns of one exact name are refused."""
    frame = frame_of_rows(spark, [(1, 2)], "id int, ID int")
    assert compare(frame, frame, key="id").verdict == "pass"
    with pytest.raises(ComparisonError, match="two columns have this name"):
        compare(frame.toDF("id", "id"), frame)


def test_a_frame_without_columns_is_refused(spark: SparkSession, old: DataFrame) -> None:
    """There is nothing to compare."""
    empty = spark.createDataFrame([], T.StructType([]))
    for sides in ((empty, empty), (empty, old), (old, empty)):
        with pytest.raises(ComparisonError, match="no column in common"):
            compare(*sides)


def test_a_user_defined_type_is_named(spark: SparkSession) -> None:
    """Its values cannot be compared, which is said; as a key it is refused."""
    objects = pytest.importorskip("pyspark.testing.objects")
    ExamplePoint, ExamplePointUDT = objects.ExamplePoint, objects.ExamplePointUDT  # noqa: N806
    schema = T.StructType([T.StructField("id", T.LongType()), T.StructField("p", ExamplePointUDT())])
    left, right = (spark.createDataFrame([(1, ExamplePoint(n, 2.0))], schema) for n in (1.0, 9.0))
    result = compare(left, right, key="id")
    assert (result.verdict, result.not_compared[0].what) == ("incomplete", "Column p")
    with pytest.raises(ComparisonError, match="p cannot be compared"):
        compare(left, right, key="p")
    assert fingerprint(left, "id")["skipped"] == ["p"]


class _Point(T.UserDefinedType):
    """A type whose class is in no module that could be imported."""

    @classmethod
    def sqlType(cls) -> T.DataType:  # noqa: N802 -- PySpark's name
        return T.ArrayType(T.DoubleType(), containsNull=False)

    @classmethod
    def module(cls) -> str:
        return "__main__"

    def serialize(self, obj: float) -> list[float]:
        return [obj]


def test_a_user_defined_type_that_is_not_known_here_is_refused_in_a_sentence(spark: SparkSession) -> None:
    """PySpark cannot read the schema then."""
    schema = T.StructType([T.StructField("k", T.IntegerType()), T.StructField("v", _Point())])
    frame = spark.createDataFrame([(1, None)], schema).where("k = 1")
    with pytest.raises(ComparisonError, match="the schema of left cannot be read"):
        compare(frame, frame, key="k")
