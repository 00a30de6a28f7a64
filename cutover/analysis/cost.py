"""What both sides bill: GB-seconds and requests. Shown, never judged: prices are the owner's to weigh."""

from __future__ import annotations

import math
from collections.abc import Sequence

from cutover.analysis.model import CheckResult, PairEvidence, Result


def gb_seconds(billed_ms: float | None, memory_mb: float | None) -> float | None:
    """Give billed GB-seconds, None when a platform did not say. Both clouds bill 1 GB as 1024 MB."""
    if billed_ms is None or memory_mb is None:
        return None
    return billed_ms / 1000 * memory_mb / 1024


def cost_of(pairs: Sequence[PairEvidence]) -> CheckResult:
    """Give what the pairs cost on either side, over those pairs in which both sides reported it."""
    both = [
        (pair.primary_gb_s, pair.candidate_gb_s)
        for pair in pairs
        if pair.primary_gb_s is not None and pair.candidate_gb_s is not None
    ]
    primary, candidate = math.fsum(one for one, _ in both), math.fsum(other for _, other in both)
    times = f"{candidate / primary:.2f}x" if primary > 0 else ""
    return CheckResult(
        name="cost",
        result=Result.PASS if both else Result.INCONCLUSIVE,
        critical=False,
        primary=f"{primary:.4g} GB-s in {len(both):,} requests",
        candidate=f"{candidate:.4g} GB-s in {len(both):,} requests",
        change=times,
        bound="none, observed only",
        needed=0,
        formula="sum of billed seconds times memory in GB, over pairs in which both sides reported both",
        numbers={"requests": len(both), "primary_gb_s": primary, "candidate_gb_s": candidate},
        sentence=(
            f"FC billed {candidate:.4g} GB-seconds where AWS billed {primary:.4g}, "
            f"over {len(both):,} requests."
        ),
    )
