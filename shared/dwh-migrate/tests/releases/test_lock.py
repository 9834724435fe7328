"""What uv has resolved."""

from __future__ import annotations

from dwh.migrate.releases.lock import Lock

TEXT = """
lock-version = "1.0"
created-by = "uv"

[[packages]]
name = "dwh-v0-1"
version = "0.1.1"
wheels = [{ path = "WHEELS/dwh_v0_1-0.1.1-py3-none-any.whl", hashes = { sha256 = "aa" } }]

[[packages]]
name = "pyspark"
version = "3.5.9"
sdist = { url = "file:///INDEX/pyspark-3.5.9.tar.gz", hashes = { sha256 = "bb" } }
"""


def lock(**replaced: str) -> Lock:
    """Return the lock, with parts of its text replaced."""
    text = TEXT
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new)
    return Lock.parse(text)


def test_files_are_known_by_their_names():
    """Each file of a package is named as it is kept, with its hash."""
    assert lock().packages == {"dwh-v0-1": "0.1.1", "pyspark": "3.5.9"}
    assert lock().files_of("dwh-v0_1") == {"dwh_v0_1-0.1.1-py3-none-any.whl": "aa"}
    assert lock().files_of("pyspark", "absent") == {"pyspark-3.5.9.tar.gz": "bb"}


def test_the_digest_is_of_what_is_held():
    """Where files come from does not count; what they hold, and the Python, does."""
    digest = lock().digest("3.11")
    assert lock(WHEELS="elsewhere", INDEX="mirror").digest("3.11") == digest
    assert lock(aa="cc").digest("3.11") != digest
    assert lock().digest("3.12") != digest
