"""Compare what two versions write to a warehouse: outputs, files beside it, and what is missing of either.

`subjects` finds what is compared, `missing` runs what is not there, `outputs` answers from kept fingerprints
(`kept`) where it can and compares otherwise, `against` and `files` compare with data that dwh did not write.
The comparison of two tables itself is `dwh.compare`.
"""

from __future__ import annotations

__all__: list[str] = []
