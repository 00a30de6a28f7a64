"""`watch`: a plain process that judges live evidence, takes traffic back, and climbs ladders.

Theory of operation. Several rounds, each a thread of its own, repeat until SIGTERM:

- *queue*, one per AWS connection: long-polls the observation queue, records, folds and judges; on FAIL it
  carries the rollback out itself, at once. A message is deleted only after it is recorded, so a kill loses
  nothing; recorded twice it counts once.
- *rollbacks*: takes rollback rows that people asked for straight from PostgreSQL.
- *traffic*: decides each second what comes next for every function that is shifting.
- *reconcile*: reads every alias back and stores what it says.
- *prune*: drops single events of long ago; roll-ups stay.
- *signs*: writes the heartbeat and tells open pages what changed.

It needs PostgreSQL and the clouds only. A round that fails is recorded in the heartbeat and repeated later.
"""

from workers.watch.process import Watch

__all__ = ["Watch"]
