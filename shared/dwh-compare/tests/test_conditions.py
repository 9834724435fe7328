"""Conditions of declared differences: what depends on two rows alone, and what is refused unseen."""

from __future__ import annotations

import pytest

from dwh.compare.conditions import problem_of, unknown_column

USABLE = [
    "true",
    "new.on_time <= old.on_time",
    "new.v - old.v = 1 and coalesce(old.w, if(old.id = 4, null, 0)) = 1",
    "abs(CAST(new.v AS decimal(10,2)) - old.v) < 0.01 OR old.v IS NOT DISTINCT FROM new.v",
    "new.day BETWEEN date '2013-01-01' AND date'2013-02-01'",
    "new.at >= timestamp '2013-01-01 00:00:00' - interval 3 days",
    "old.`a b`.c[0]['k'] in ('select', \"it's (rand())\", 'now()') and not new.tags like '%\\'x'",
    "exists(new.tags, tag -> tag = 'x') and aggregate(new.n, 0, (a, b) -> a + b) > -1e3",
    "old.rand = new.current_date and old.select is null",
    "case when new.v::int > 3 then true else `old`.v < 2.5D end",
    "date_trunc('month', new.at) = old.month and size(array()) = 0 and pi() > 3",
    "old = new",
]
REFUSED = [
    "new.v in (select v from other)",
    "exists(select 1)",
    "(values (1)) = 1",
    "(table other) = 1",
    "(from other select v) = 1",
    "new.v = (select max(v) from parquet.`/tmp/x`)",
    "rand() > 0.5",
    "rand(42) > 0.5",
    "randn() > 0",
    "`rand`() > 0.5",
    '"rand"() > 0.5',
    "uuid() > 'a'",
    "shuffle(new.tags)[0] = 1",
    "now() > new.at",
    "current_date > new.day",
    "current_date() > new.day",
    "current_timestamp > new.at",
    "CURRENT_TIMESTAMP() > new.at",
    "localtimestamp > new.at",
    "unix_timestamp() > new.n",
    "timestamp 'now' > new.at",
    "date 'today' > new.day",
    "date'yesterday' > new.day",
    "curdate() > new.day",
    "current_user = 'x'",
    "user() = 'x'",
    "input_file_name() = 'x'",
    "monotonically_increasing_id() > 1",
    "spark_partition_id() = 1",
    "my_function(new.v)",
    "catalog.schema.my_function(new.v)",
    "reflect('java.lang.Math', 'random') > 0.5",
    "java_method('java.util.UUID', 'randomUUID') > 'a'",
    "count(1) > 0",
    "max(new.v) > 0",
    "explode(array(true))",
    "row_number() over (order by 1) = 1",
    "sum(new.v) over () > 1",
    "lag(new.v) over (order by new.v) = 1",
    "v = 1",
    "kind = 'changed'",
    "`l0` = 1",
    "new.v > ?",
    "new.v > :limit",
    "new.v = 1 -- and more",
    "new.v /* + */ = 1",
    "new.v = 1; drop table x",
    "new.v = ${limit}",
    "exists(new.tags, current_date -> true) and current_date > new.day",
    "exists(new.tags, select -> true) and (select 1) = 1",
    "new.v = @@x",
    "exists(new.tags, rand -> true) and rand() > 0.5",
    "aes_encrypt(new.s, 'k') = 'x'",
    "raise_error('x') is null",
    "window(new.at, '1 day').start = new.at",
    "try_reflect('a', 'b') = 1",
    "version() = 'x'",
]


@pytest.mark.parametrize("condition", USABLE)
def test_what_depends_on_two_rows_is_a_condition(condition: str) -> None:
    """Whatever their columns are called, and whatever texts hold."""
    assert problem_of(condition) == ""


@pytest.mark.parametrize("condition", REFUSED)
def test_what_depends_on_anything_else_is_refused(condition: str) -> None:
    """Queries, tables, files, time, chance, other rows, registered functions; without asking an engine."""
    assert problem_of(condition)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("new.v = old.nope", "old has no column nope (columns: id, v)"),
        ("NEW . `no pe` > 1", "new has no column no pe (columns: id, V, w)"),
        ("old.w = 1", "old has no column w (columns: id, v)"),
        ("new.v > 1 and (old.id = 1 or old.gone is null)", "old has no column gone (columns: id, v)"),
        ("old.V = new.v and new.`w` = 'old.nope'", ""),
        ("new.w.old.nope = 1", ""),
        ("old = new", ""),
        ("xxhash64(old.*) = 1", ""),
    ],
)
def test_a_column_that_is_not_there_is_told_without_an_engine(condition: str, said: str) -> None:
    """Names count without case, as in Spark; the fields of structs are for the engine to find."""
    assert unknown_column(condition, ["id", "v"], ["id", "V", "w"]) == said
