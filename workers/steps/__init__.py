"""One step per kind of action. ``work`` says what a step is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from cutover.planning import ActionKind
from workers.steps import candidate, latest, publishing, removal, traffic, watching
from workers.steps.work import Change, Look, Step

STEPS: Mapping[ActionKind, Step] = MappingProxyType(
    {
        ActionKind.BUCKET: candidate.BUCKET,
        ActionKind.PACKAGE: candidate.PACKAGE,
        ActionKind.LOGS: candidate.LOGS,
        ActionKind.CANDIDATE: candidate.CANDIDATE,
        ActionKind.CANDIDATE_VERSION: candidate.CANDIDATE_VERSION,
        ActionKind.CANDIDATE_ALIAS: candidate.CANDIDATE_ALIAS,
        ActionKind.CANDIDATE_DELETE: candidate.CANDIDATE_DELETE,
        ActionKind.SMOKE: candidate.SMOKE,
        ActionKind.QUEUE: publishing.QUEUE,
        ActionKind.SECRET: publishing.SECRET,
        ActionKind.LAYER: publishing.LAYER,
        ActionKind.CALLERS: watching.CALLERS,
        ActionKind.CREATE_ALIAS: traffic.CREATE_ALIAS,
        ActionKind.DELETE_ALIAS: traffic.DELETE_ALIAS,
        ActionKind.LATEST_WRITE: latest.LATEST_WRITE,
        ActionKind.LATEST_RESTORE: latest.LATEST_RESTORE,
        ActionKind.VERSION: latest.VERSION,
        ActionKind.PROBE: publishing.PROBED,
        ActionKind.ROUTE: traffic.ROUTE,
        ActionKind.ROUTE_BACK: traffic.ROUTE_BACK,
        ActionKind.VERIFY_ROUTE: traffic.VERIFY_ROUTE,
        ActionKind.ARCHIVE: removal.ARCHIVE,
        ActionKind.ARCHIVE_VERIFY: removal.ARCHIVE_VERIFY,
        ActionKind.QUIET: watching.QUIET,
        ActionKind.CONCURRENCY: removal.CONCURRENCY,
        ActionKind.TRIPWIRE: watching.TRIPWIRE,
        ActionKind.DELETE_FUNCTION: removal.DELETE_FUNCTION,
        ActionKind.RECREATE: removal.RECREATE,
        ActionKind.RECREATE_VERSION: removal.RECREATE_VERSION,
        ActionKind.REPEAT_POLICY: removal.REPEAT_POLICY,
    }
)

__all__ = ["STEPS", "Change", "Look", "Step"]
