"""The platforms, each with the Spark and the Python that it brings and that must stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.tags import Tag

__all__ = ["DATABRICKS", "EMR", "GLUE", "PROVIDED", "Platform"]

# What a platform's own Spark consists of, as distributions. They are never installed over it.
PROVIDED = frozenset({"pyspark", "pyspark-client", "py4j"})


@dataclass(frozen=True)
class Platform:
    """A platform in one of its releases.

    Attributes:
        name: as people say it.
        spark, python: the versions that it brings.
        glibc: the minor version of its C library, which decides which compiled wheels run there.
    """

    name: str
    spark: str
    python: str
    glibc: int = 34

    @property
    def shown(self) -> str:
        """Its name and what it brings, for a person."""
        return f"{self.name}: Spark {self.spark}, Python {self.python}"

    @cached_property
    def tags(self) -> frozenset[Tag]:
        """The tags of the wheels that run there."""
        from packaging.tags import compatible_tags, cpython_tags

        version = tuple(map(int, self.python.split(".")))
        linux = [f"manylinux_2_{minor}_x86_64" for minor in range(self.glibc, 16, -1)]
        systems = [*linux, "manylinux2014_x86_64", "linux_x86_64"]
        interpreter = "cp" + "".join(self.python.split("."))
        return frozenset(
            [*cpython_tags(version, platforms=systems), *compatible_tags(version, interpreter, systems)]
        )

    @property
    def markers(self) -> Mapping[str, str]:
        """The values of a requirement's environment markers there."""
        return {
            "extra": "",
            "implementation_name": "cpython",
            "os_name": "posix",
            "platform_machine": "x86_64",
            "platform_python_implementation": "CPython",
            "platform_system": "Linux",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "linux",
        }


GLUE = {
    "5.0": Platform("Glue 5.0", "3.5.4", "3.11"),
    "5.1": Platform("Glue 5.1", "3.5.6", "3.11"),
}
# EMR has Python 3.9, too, and takes it by default: the step asks for 3.11.
EMR = {
    "7.8.0": Platform("EMR 7.8.0", "3.5.4", "3.11"),
    "7.9.0": Platform("EMR 7.9.0", "3.5.5", "3.11"),
    "7.10.0": Platform("EMR 7.10.0", "3.5.5", "3.11"),
    "7.11.0": Platform("EMR 7.11.0", "3.5.6", "3.11"),
    "7.12.0": Platform("EMR 7.12.0", "3.5.6", "3.11"),
    "7.13.0": Platform("EMR 7.13.0", "3.5.6", "3.11"),
}
DATABRICKS = {
    "15.4": Platform("Databricks 15.4 LTS", "3.5.0", "3.11", glibc=35),
    "16.4": Platform("Databricks 16.4 LTS", "3.5.2", "3.12", glibc=35),
    "17.3": Platform("Databricks 17.3 LTS", "4.0.0", "3.12", glibc=35),
}
