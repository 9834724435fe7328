"""Types as text, held against Spark's own parser."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dwh.core.errors import InvalidTypeError
from dwh.core.sql_types import can_group, canonical_type, same_type, type_of

FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
PLAIN = ["BigInt", "long", "INTEGER", "int", "short", "byte", "real", "float", "double", "Boolean", "string"]
PLAIN += ["binary", "DATE", "timestamp", "timestamp_ltz", "timestamp_ntz", "dec", "numeric(5)", "decimal"]
PLAIN += ["Decimal( 12 , 2 )", "decimal(38,38)", "interval day to second", "INTERVAL Year  TO Month"]
PLAIN += ["interval hour", "variant"]
NAMES = st.sampled_from(["a", "B", "_c1", "select", "timestamp", "`user-agent`", "`a b`", "`a``b`", "`é,:<`"])
SPACES = st.sampled_from(["", "", " ", "  ", "\n"])


def nested(inner):
    """Return texts of arrays, maps and structs of types, with any spaces."""
    keys = inner.filter(lambda text: can_group(canonical_type(text)))
    field = st.tuples(NAMES, SPACES, inner).map(lambda it: f"{it[0]}{it[1]}:{it[1]}{it[2]}")
    fields = st.lists(field, min_size=1, max_size=3, unique_by=lambda it: it.split(":")[0].strip())
    return st.one_of(
        st.tuples(SPACES, inner).map(lambda it: f"ARRAY{it[0]}<{it[0]}{it[1]}{it[0]}>"),
        st.tuples(keys, SPACES, inner).map(lambda it: f"map<{it[0]}{it[1]},{it[1]}{it[2]}>"),
        st.tuples(SPACES, fields).map(lambda it: f"Struct{it[0]}<{f'{it[0]},'.join(it[1])}>"),
    )


TYPES = st.recursive(st.sampled_from(PLAIN), nested, max_leaves=6)


def by_spark(text):
    """Return the type that Spark's own parser reads."""
    from pyspark.sql import types

    return types._parse_datatype_string(text)


@given(TYPES)
@FEW
def test_a_type_means_what_it_means_to_spark(spark, text):
    """However a type is written, its one spelling is the type that Spark reads."""
    spelled = canonical_type(text)
    assert type_of(by_spark(text)) == spelled
    assert by_spark(spelled) == by_spark(text)
    assert canonical_type(spelled) == spelled


WORDS = ["array", "map", "struct", "int", "decimal", "interval", "day", "year", "to", "second", "string", "a"]
MARKS = ["<", "<", ">", ">", ",", ":", "(", ")", " ", " ", "2", "39", "0", "`x y`"]


@given(st.lists(st.sampled_from(WORDS + MARKS), max_size=9).map("".join))
@FEW
def test_what_spark_refuses_is_refused(spark, text):
    """No text that Spark cannot read is taken for a type."""
    try:
        spelled = canonical_type(text)
    except InvalidTypeError:
        return
    assert type_of(by_spark(spelled)) == spelled


@given(st.text(alphabet="aint<>(),:`é \x00-", max_size=12))
def test_any_text_is_a_type_or_refused(text):
    """Whatever text is tried, it is a type, or refused in a sentence."""
    try:
        assert canonical_type(canonical_type(text)) == canonical_type(text)
    except InvalidTypeError as error:
        assume(text)
        assert error.message.startswith(repr(text))


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("decimal", "decimal(10,0)"),
        ("NUMERIC(5)", "decimal(5,0)"),
        ("dec(05, 2)", "decimal(5,2)"),
        ("array<LONG>", "array<bigint>"),
        ("map< Integer,array<Real> >", "map<int,array<float>>"),
        ("STRUCT<Name STRING, `n`: Byte>", "struct<Name:string,n:tinyint>"),
        ("timestamp_ltz", "timestamp"),
        ("interval DAY to DAY", "interval day"),
    ],
)
def test_aliases_case_and_spaces_do_not_count(written, canonical):
    """Every spelling of a type, nested ones too, comes to one."""
    assert canonical_type(written) == canonical and same_type(written, canonical)


@pytest.mark.parametrize("written", ["struct<user-agent:string>", "struct<`user-agent` : string>"])
def test_names_that_sql_quotes_are_quoted(spark, written):
    """A field's name that SQL must quote is quoted, also where it is written as printSchema shows it."""
    assert canonical_type(written) == "struct<`user-agent`:string>"
    assert by_spark(canonical_type(written)).fieldNames() == ["user-agent"]


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("", "it ends where a type should be"),
        ("array<strng>", "there is no type 'strng', did you mean string"),
        ("array<int", "found the end where '>' should be"),
        ("array<int>>", "after array<int> comes '>'"),
        ("array", "array must say what it holds"),
        ("map<int>", "found '>' where ',' should be"),
        ("map<map<int,int>,int>", "the key of a map cannot be or hold a map"),
        ("map<array<struct<a:map<int,int>>>,int>", "the key of a map cannot be or hold a map"),
        ("map<variant,int>", "the key of a map cannot be or hold a variant"),
        ("decimal(40,2)", r"decimal\(40,2\) is not possible: a decimal has 1 to 38 digits"),
        ("decimal(5,10)", r"decimal\(5,10\) is not possible"),
        ("decimal(0,0)", r"decimal\(0,0\) is not possible"),
        ("decimal(5,-1)", "'-1' is not a number of digits"),
        ("decimal()", r"'\)' is not a number of digits"),
        ("float(3)", "float takes no numbers"),
        ("varchar(0)", "a contract cannot hold varchar: write string"),
        ("Character(3)", "a contract cannot hold char: write string"),
        ("array<void>", "a contract cannot hold void: it holds nothing but nulls"),
        ("time(3)", "a contract cannot hold time: Spark cannot write it"),
        ("string collate UTF8_LCASE", "files do not keep a collation"),
        ("interval", "an interval is written like interval day to second|it ends where a unit"),
        ("interval second to day", "an interval is written like"),
        ("struct<>", "found '>' where a field's name should be"),
        ("struct<``:int>", "where a field's name should be"),
        ("struct<`a:int>", "a backtick is not closed"),
        ("struct<a:int,A:int>", "two fields are called A"),
        ("struct<user agent:string>", "there is no type 'agent'"),
        ("struct<a:int not null>", "NOT NULL and COMMENT are not allowed here"),
        ("int; drop", "there is no type 'int;', did you mean int"),
        ("array<" * 5000 + "int" + ">" * 5000, "nested more than 64 levels deep"),
        (None, "a type is written as text"),
        (7, "a type is written as text"),
    ],
)
def test_what_a_contract_cannot_hold(written, problem):
    """What Spark refuses, or cannot write and read again, is refused in a sentence that says why."""
    with pytest.raises(InvalidTypeError, match=problem):
        canonical_type(written)


def test_texts_that_are_no_types_are_the_same_only_when_equal():
    """A record that an older release accepted, and that is no type, is compared as text."""
    assert same_type("array<strng>", "array<strng>")
    assert not same_type("array<strng>", "array<string>")


def test_what_a_contract_holds_comes_back(spark, tmp_path):
    """Nested types with names that SQL quotes are written as Parquet and read again as themselves."""
    from pyspark.sql.types import _parse_datatype_string

    written = "struct<`user-agent`:string,`a,b`:map<int,array<decimal(5,2)>>>"
    frame = spark.createDataFrame([], f"c {written}")
    frame.write.parquet(str(tmp_path / "data"))
    read = spark.read.schema(f"c {written}").parquet(str(tmp_path / "data"))
    assert type_of(read.schema["c"].dataType) == canonical_type(written)
    assert read.schema["c"].dataType == _parse_datatype_string(written)
