"""What a release environment is to hold: a release, a Python, and what else was asked for."""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from dwh.core.config import Config
from dwh.core.errors import UsageError
from dwh.core.lines import Reference, example_requirement
from dwh.migrate.releases.installed import distribution_of

__all__ = ["Wanted"]


@dataclass(frozen=True)
class Wanted:
    """A request for a release environment; two equal ones get the same environment.

    Attributes:
        release: such as `dwh-v0_1==0.1.1`.
        python: as uv takes it, such as `3.11`; None for the Python of this process.
        others: further requirements, sorted, such as `pyspark==3.5.9`.
    """

    release: str
    python: str | None = None
    others: tuple[str, ...] = ()

    @classmethod
    def parse(
        cls, release: str, config: Config, python: str | None = None, others: Iterable[str] = ()
    ) -> Wanted:
        """Read a request as it is typed; raises UsageError.

        It comes to hold this process's dwh-core, as both must speak the same ledger, unless `others`
        say otherwise, with the driver of the configured ledger and the configured engine.
        """
        pinned = _requirement(release)
        numbers = [each.version for each in pinned.specifier if each.operator == "=="]
        if len(numbers) != 1 or len(pinned.specifier) != 1 or "*" in numbers[0] or pinned.extras:
            raise UsageError(
                f"{release!r} is not a release: write DISTRIBUTION==RELEASE, such as {example_requirement()}"
            )
        further = [_requirement(text) for text in others]
        if "dwh-core" not in {canonicalize_name(each.name) for each in further}:
            further.append(Requirement(f"dwh-core{_extras(config)}=={version('dwh-core')}"))
        return cls(f"{pinned.name}=={numbers[0]}", python, tuple(sorted(map(str, further))))

    @classmethod
    def of(
        cls, reference: Reference, config: Config, python: str | None = None, others: Iterable[str] = ()
    ) -> Wanted:
        """Return the request for the release that an exact reference names; raises UsageError.

        Warns where an installed release of its line says that this one was yanked.
        """
        reference.warn_if_yanked()
        return cls.parse(f"{distribution_of(reference)}=={reference.version}", config, python, others)

    @property
    def requirements(self) -> tuple[str, ...]:
        """Everything that was asked for, as requirements."""
        return (self.release, *self.others)

    @property
    def interpreter(self) -> str:
        """The Python as uv is asked for it."""
        return self.python or sys.executable

    def digest(self, wheelhouse: str | None) -> str:
        """Return what tells this request from others: SHA-256 over its words and the wheelhouse."""
        python = self.python or platform.python_version()
        words = [canonicalize_name(self.release), python, *self.others, wheelhouse or ""]
        return hashlib.sha256(json.dumps(words).encode()).hexdigest()


def _extras(config: Config) -> str:
    """Return the extras of dwh-core that a configuration needs, as a requirement has them."""
    needed = {"postgresql": config.ledger.startswith("postgresql"), "sail": config.engine == "sail"}
    names = [name for name, is_needed in needed.items() if is_needed]
    return f"[{','.join(names)}]" if names else ""


def _requirement(text: str) -> Requirement:
    try:
        found = Requirement(text)
    except InvalidRequirement as error:
        problem = str(error).splitlines()[0]
        raise UsageError(
            f"{text!r} is not a requirement ({problem}): write one such as pyspark==3.5.9"
        ) from None
    if found.url:
        raise UsageError(f"{text!r}: a release comes from the index or the wheelhouse, not from a URL")
    return found
