"""Which wheels of a folder a release needs on a platform."""

from __future__ import annotations

import pytest

from dwh.core.errors import ConfigError, InvalidNameError, UnknownJobError
from dwh.deploy.errors import (
    MissingWheelsError,
    NoReleaseError,
    UnsupportedPlatformError,
    WheelError,
)
from dwh.deploy.platforms import DATABRICKS, GLUE
from dwh.deploy.wheelhouse import Wheelhouse

GLUE_5 = GLUE["5.0"]


def names(release) -> list[str]:
    """Return the files of a release's wheels."""
    return [wheel.path.name for wheel in release.wheels]


def test_a_release_needs_its_own_wheel_first_and_no_spark(dist):
    """The closure holds the line, dwh-core and the driver, in the newest build that runs there."""
    release = Wheelhouse(dist).find_release("takings@0.1.1", GLUE_5)
    assert names(release) == [
        "dwh_v0_1-0.1.1-py3-none-any.whl",
        "driver-3.1-cp311-cp311-manylinux2014_x86_64.whl",
        "dwh_core-0.1.0-py3-none-any.whl",
    ]
    assert (release.job, release.line) == ("takings", "0.1")
    assert release.entry == b"print('the entry script')\n"


def test_another_python_gets_other_builds(dist):
    """A compiled wheel is taken where it runs, and the pure one elsewhere."""
    release = Wheelhouse(dist).find_release("takings@0.2.0", DATABRICKS["17.3"])
    assert "driver-3.0-py3-none-any.whl" in names(release)


def test_a_former_release_is_found(dist):
    """Each release in the folder can be deployed: that is the way back."""
    assert names(Wheelhouse(dist).find_release("takings@0.1.0", GLUE_5))[0].startswith("dwh_v0_1-0.1.0-")


@pytest.mark.parametrize(
    "reference",
    ["takings@0.1", "takings@0.1.1x", "takings@0.1.01", "takings@0.1.1/../x", "../takings@0.1.1", "takings"],
)
def test_a_reference_must_name_a_release(dist, reference):
    """A line, or a name with tricks, is no release."""
    with pytest.raises(InvalidNameError):
        Wheelhouse(dist).find_release(reference, GLUE_5)


def test_a_release_that_is_not_there_is_refused(dist):
    """The refusal lists the releases that are there."""
    with pytest.raises(NoReleaseError, match=r"dwh-v0_1 0\.1\.0, dwh-v0_1 0\.1\.1, dwh-v0_2 0\.2\.0"):
        Wheelhouse(dist).find_release("takings@0.1.7", GLUE_5)


def test_a_job_that_the_release_lacks_is_refused(dist):
    """The refusal lists the release's jobs, without private modules."""
    with pytest.raises(UnknownJobError, match=r"its jobs: takings\)"):
        Wheelhouse(dist).find_release("nothing@0.1.1", GLUE_5)


def test_a_line_that_does_not_support_the_platforms_spark_is_refused(dist):
    """Both versions are said, before anything else is looked for."""
    with pytest.raises(UnsupportedPlatformError) as caught:
        Wheelhouse(dist).find_release("takings@0.2.0", GLUE_5)
    assert "dwh-v0_2 0.2.0 supports Spark <4.4,>=4.0, but Glue 5.0 has Spark 3.5.4" in str(caught.value)


def test_a_line_that_does_not_support_the_platforms_python_is_refused(dist, make_wheel):
    """A wheel for a newer Python than the platform's is refused."""
    make_wheel("dwh-v0_3", "0.3.0", line="0.3", python=">=3.12", files={"dwh/jobs/v0_3_0/takings.py": ""})
    with pytest.raises(
        UnsupportedPlatformError, match=r"supports Python >=3\.12, but Glue 5\.0 has Python 3\.11"
    ):
        Wheelhouse(dist).find_release("takings@0.3.0", GLUE_5)


def test_a_team_names_its_lines(dist, make_wheel):
    """A line is known by its entry point, whatever its distribution is called."""
    files = {"dwh/jobs/v1_2_0/takings.py": ""}
    make_wheel("acme-feeds-v1_2", "1.2.0", requires=("dwh-core",), line="1.2", files=files)
    assert Wheelhouse(dist).find_release("takings@1.2.0", GLUE_5).wheels[0].distribution == "acme-feeds-v1_2"
    with pytest.raises(NoReleaseError, match=r"acme-feeds-v1_2 1\.2\.0"):
        Wheelhouse(dist).find_release("takings@9.9.9", GLUE_5)


def test_missing_wheels_come_with_the_command_that_fetches_them(dist):
    """What lacks is named as requirements, for the platform's Python, without Spark."""
    for path in [*dist.glob("driver*"), *dist.glob("dwh_core*")]:
        path.unlink()
    with pytest.raises(MissingWheelsError) as caught:
        Wheelhouse(dist).find_release("takings@0.1.1", GLUE_5)
    assert caught.value.missing == ("dwh-core[postgresql]<1,>=0.1",)
    assert "pip download --only-binary=:all: --python-version 3.11" in str(caught.value)


def test_all_requirements_on_a_distribution_count(dist, make_wheel):
    """A wheel that a later requirement excludes is replaced by one that all allow."""
    make_wheel(
        "dwh-v0_4",
        "0.4.0",
        requires=("dwh-core", "helper"),
        line="0.4",
        files={"dwh/jobs/v0_4_0/takings.py": ""},
    )
    make_wheel("helper", "1.0", requires=("driver<3.1",))
    assert "driver-3.0-py3-none-any.whl" in names(Wheelhouse(dist).find_release("takings@0.4.0", GLUE_5))


def test_a_wheel_that_sha256sums_does_not_list_is_refused(dist):
    """Where SHA256SUMS lies in the folder, a wheel with another hash is not deployed."""
    release = Wheelhouse(dist).find_release("takings@0.1.1", GLUE_5)
    sums = [f"{wheel.sha256}  {wheel.path.name}\n" for wheel in release.wheels]
    (dist / "SHA256SUMS").write_text("".join(sums))
    assert names(Wheelhouse(dist).find_release("takings@0.1.1", GLUE_5)) == names(release)
    (dist / "SHA256SUMS").write_text("".join(sums).replace(release.wheels[0].sha256, "0" * 64))
    with pytest.raises(WheelError, match="SHA256SUMS lists 0000"):
        Wheelhouse(dist).find_release("takings@0.1.1", GLUE_5)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    """`--wheels` must name a folder."""
    with pytest.raises(ConfigError, match="--wheels: the folder: found"):
        Wheelhouse(tmp_path / "nowhere").find_release("takings@0.1.1", GLUE_5)
