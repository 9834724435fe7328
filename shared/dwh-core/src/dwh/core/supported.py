"""Which Spark a line supports, as the metadata of its distribution says.

The range stands there once, as `Requires-Dist: pyspark…`, where installers read it. A platform that
brings its own Spark has no installer that looks, so a run does.
"""

from __future__ import annotations

import re
from importlib.metadata import requires

from dwh.core.errors import SparkVersionError
from dwh.core.lines import InstalledLine

__all__ = ["check_spark"]

_NUMBER = re.compile(r"\d+(\.\d+)*", re.ASCII)


def check_spark(line: InstalledLine, version: str) -> None:
    """Raise SparkVersionError when a line does not support this version of Spark.

    What a platform adds to the number, as in `3.5.4-amzn-0`, does not count.
    """
    from packaging.requirements import Requirement

    number = _NUMBER.match(version)
    for text in requires(line.distribution) or ():
        needed = Requirement(text)
        applies = needed.marker is None or needed.marker.evaluate({"extra": ""})
        if needed.name != "pyspark" or not applies or number is None:
            continue
        if not needed.specifier.contains(number[0], prereleases=True):
            raise SparkVersionError(line.distribution, line.release, str(needed.specifier), version)
