"""Defining a job, and what a DAG file pays for importing it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dwh.core import Column, Job, Table
from dwh.core.errors import DefinitionError, InvalidDateError, InvalidNameError
from dwh.core.lines import find_job

DAY = Table("t", columns=(Column("day", "date"), Column("n", "int")), partition_by="day")


def define(**parts):
    """Define a job with these parts."""
    return type("Example", (Job,), {"transform": lambda self: None, **parts})


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ({}, "writes"),
        ({"reads": ()}, "writes"),
        ({"writes": DAY}, "reads"),
        ({"writes": DAY, "reads": ("t",)}, "reads"),
        ({"writes": DAY, "reads": [DAY]}, "reads"),
        ({"writes": DAY, "reads": (DAY, Table("x.t", columns=(Column("a", "int"),)))}, "the same name"),
        (
            {
                "writes": Table("t", columns=(*DAY.columns, Column("_run", "int")), partition_by="day"),
                "reads": (),
            },
            "_run",
        ),
        (
            {"writes": Table("t", columns=DAY.columns, key=("n",), partition_by="day"), "reads": ()},
            "partition_by",
        ),
    ],
)
def test_parts_that_do_not_fit(parts, problem):
    """A job whose parts do not fit is refused where it is defined."""
    with pytest.raises(DefinitionError, match=problem):
        define(**parts)


def test_a_job_needs_a_transform():
    """A job without `transform` cannot be made."""
    incomplete = type("Incomplete", (Job,), {"reads": (), "writes": DAY})
    with pytest.raises(TypeError, match="transform"):
        incomplete()


def takes(signature):
    """Make a `transform` with these parameters."""
    return eval(f"lambda self, {signature}: None")


FLIGHTS = Table("raw.flights", columns=(Column("day", "date"),))


@pytest.mark.parametrize(
    "signature", ["flights", "flights, *, dates", "flights, *, dates=None, n=1", "*, flights"]
)
def test_a_transform_may_take_the_dates(signature):
    """`transform` takes its inputs, and the dates by keyword if it wants them."""
    define(reads=(FLIGHTS,), writes=DAY, transform=takes(signature))


@pytest.mark.parametrize(
    ("signature", "inputs", "problem"),
    [
        ("flights, dates", (FLIGHTS,), r"write dates after a star: def transform\(self, …, \*, dates\)"),
        (
            "flights, *, date",
            (FLIGHTS,),
            "asks for date=, which nothing fills; it may ask for dates, flights",
        ),
        (
            "*, dates",
            (Table("raw.dates", columns=FLIGHTS.columns),),
            "dates is the run's logical dates and an",
        ),
    ],
)
def test_a_transform_that_nothing_fills(signature, inputs, problem):
    """A parameter of `transform` that no run fills is refused where the class is made."""
    with pytest.raises(DefinitionError, match=problem):
        define(reads=inputs, writes=DAY, transform=takes(signature))


def test_an_input_may_be_called_dates():
    """A job that takes an input called dates, and not the run's, stays as it was."""
    define(reads=(Table("raw.dates", columns=FLIGHTS.columns),), writes=DAY, transform=takes("dates"))


def test_a_job_knows_its_line_and_release(installed_line):
    """A job says of which line and installed release it is, so that no constant must."""
    installed_line("7.1", release="7.1.4")
    found = find_job("takings@7.1")()
    assert (found.line, found.release) == ("7.1", "7.1.4")


@pytest.mark.parametrize("attribute", ["line", "release"])
def test_a_job_outside_any_line_has_no_release(attribute):
    """A class that no installed line holds says so, instead of a made-up release."""
    with pytest.raises(DefinitionError, match=r"no installed distribution says that .* is a line"):
        getattr(define(reads=(), writes=DAY)(), attribute)


def test_a_job_is_named_by_its_module():
    """A job's name is its module's, the same in every line."""
    assert define(reads=(), writes=DAY, __module__="dwh.jobs.v9_9_0.my_job").name() == "my_job"


def test_a_module_that_is_no_name():
    """A job in a module that no reference could name is refused."""
    with pytest.raises(InvalidNameError):
        define(reads=(), writes=DAY, __module__="dwh.jobs.v9_9_0.MyJob").name()


@pytest.mark.parametrize("asked", [{}, {"date": "2013-02-30"}, {"start": "2013-01-01"}, {"ds": "x"}])
def test_dates_are_checked_first(asked):
    """A missing or wrong date is refused before anything else happens."""
    with pytest.raises(InvalidDateError):
        define(reads=(), writes=DAY)().run(**asked)


def test_a_job_outside_any_line():
    """A job that no installed line holds is refused, with what to do."""
    with pytest.raises(DefinitionError, match=r"add an entry point to the group dwh\.lines"):
        define(reads=(), writes=DAY)().run(date="2013-01-01")


def test_importing_is_cheap():
    """Importing dwh.core imports neither Spark nor the database library."""
    program = "import dwh.core, sys; print(sorted({'pyspark', 'sqlalchemy', 'alembic'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
