"""moto's server with UpdateJob, which it lacks: the whole job is replaced, as AWS documents it."""

from __future__ import annotations

import json

from moto.core.responses import ActionResult
from moto.glue.responses import GlueResponse
from moto.server import main


def update_job(self: GlueResponse) -> ActionResult:
    """Replace a job that is there."""
    asked = json.loads(self.body)
    old = self.glue_backend.get_job(asked["JobName"])
    self.body = json.dumps({"Name": old.name, **asked["JobUpdate"]})
    self.create_job()
    self.glue_backend.jobs[old.name].created_on = old.created_on
    return ActionResult({"JobName": old.name})


if __name__ == "__main__":
    GlueResponse.update_job = update_job
    main()
