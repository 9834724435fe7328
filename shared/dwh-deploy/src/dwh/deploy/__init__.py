"""How an exact release gets onto a platform that brings its own Spark: Glue, EMR, Databricks.

Read in this order: `wheels` (a wheel, checked), `wheelhouse` (which wheels a release needs there),
`settings` (the configuration that goes along), then the platforms: `glue` says what a job should be,
`store` and `aws` make it so; `emr` and `databricks` only write JSON. `plan` is what a person sees first.

Nothing here imports boto3 before something is asked of AWS.
"""

from __future__ import annotations

__all__: list[str] = []
