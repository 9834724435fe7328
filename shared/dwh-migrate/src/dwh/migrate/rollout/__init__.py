"""Move an environment from one line to the next, step by step, and back.

In the order in which an operator meets them: `pins` says which line an environment uses, `relation`
how two contracts relate, `plan` what a rollout would do, `steps` moves it, `publishing` accepts what is not
proven, `serving` runs what the environment has decided, with the other line in its shadow, and `state` tells
how it stands.

Each decision is one transaction of `Ledger.deciding`: it holds only if nobody else has decided in the
meantime, and it is added to the history with who, when and why.
"""

from dwh.migrate.rollout.errors import RolloutError
from dwh.migrate.rollout.pins import pin
from dwh.migrate.rollout.plan import Plan, newest_plan, plan
from dwh.migrate.rollout.publishing import publish
from dwh.migrate.rollout.serving import Served, serve
from dwh.migrate.rollout.state import Progress, progress
from dwh.migrate.rollout.steps import Moved, advance, finish, hold, resume, roll_back, start

__all__ = [
    "Moved",
    "Plan",
    "Progress",
    "RolloutError",
    "Served",
    "advance",
    "finish",
    "hold",
    "newest_plan",
    "pin",
    "plan",
    "progress",
    "publish",
    "resume",
    "roll_back",
    "serve",
    "start",
]
