"""Fill drafts of suites with events from a function's logs. The web process holds no cloud credential."""

from __future__ import annotations

import logging

from cutover.errors import CloudError, UnsupportedFeature
from migrations_app.models import SuiteDraft
from migrations_app.services import suites_drafts
from workers.runs.logged import logged_entries

logger = logging.getLogger(__name__)
AT_MOST = 2
"""Searches of one tick, so that operations do not wait behind them."""


def run_due() -> int:
    """Do the searches that are due. Gives how many."""
    done = 0
    while done < AT_MOST and (draft := suites_drafts.take_due()) is not None:
        _search(draft)
        done += 1
    return done


def _search(draft: SuiteDraft) -> None:
    hours, limit = float(draft.wanted["hours"]), int(draft.wanted["limit"])
    try:
        entries = logged_entries(draft.function, hours=hours, at_most=limit)
    except (CloudError, UnsupportedFeature) as error:
        logger.warning("The logs of %s could not be searched: %s", draft.function.name, error)
        suites_drafts.failed(draft, f"The logs could not be read: {error}")
        return
    if entries:
        suites_drafts.found(draft, entries)
    else:
        suites_drafts.failed(
            draft,
            f"The logs of the last {hours:g} hours hold no event that is known by its shape. "
            "Look further back, or import a file.",
        )
