"""The step for small tables: both sides are collected and compared here.

Below some size the fixed costs of Spark's jobs are all that a comparison costs. What values mean is still
said by Spark, in the same words as for large tables: each row comes as the hashes of its key and of its
values, by one job a side; where some row differs, once more with what a report shows. Here, rows are only
brought together and counted. `rows` reads them, `matching` brings them together, `coverage` asks Spark
which of them declared differences cover, `judging` applies that, and `findings` counts.
"""

from dwh.compare.collected.step import collected

__all__ = ["collected"]
