"""The verdict on pairs: errors, answers, effects, latency and, observed only, logs and cost.

FAIL shares the error budget alpha among a family of checks (``SHARES``; one of them is on live events). PASS
needs every critical check, so nothing is divided there.

Errors fail on two conditions. The *discordant* pairs, in which one side alone failed, must speak against
the candidate at the check's share of alpha: that bounds false alarms when the sides do not differ. And the
rate at which it alone fails must lie above the margin with e-value ``MATERIAL``: that keeps what is real but
tolerated from failing, four times in five even exactly at the margin. A stricter second condition would need
many more pairs to see a new error rate of 5 %.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from operator import attrgetter

from cutover.analysis.cost import cost_of
from cutover.analysis.model import SHARES, CheckResult, PairEvidence, Policy, Result, Verdict
from cutover.analysis.sequential import (
    MAX_NEEDED,
    first_that,
    log_e_discordant,
    log_e_rate_above,
    log_e_rate_below,
    mean_radius,
    upper_rate,
)
from cutover.comparison import PairOutcome

MATERIAL = 5.0
"""The e-value against "the candidate alone fails at most as often as the margin" that a FAIL needs."""

MIN_LATENCY_PAIRS = 30
"""The interval on latency is asymptotic: below this many warm pairs it is not consulted."""

MISSING_SHARE = 0.2
MISSING_LEAST = 3
"""More than this share of pairs (and at least this many) that could not be compared is an ERROR."""

ANSWERED = frozenset(
    {
        PairOutcome.MATCH,
        PairOutcome.NOISE,
        PairOutcome.IGNORED,
        PairOutcome.TRANSLATION_LOSS,
        PairOutcome.MISMATCH,
    }
)
"""Outcomes in which both sides gave an answer."""
DIFFERENT = frozenset({PairOutcome.MISMATCH, PairOutcome.BOTH_ERROR_DIFFERENT})
ALIKE = (ANSWERED | {PairOutcome.BOTH_ERROR_SAME}) - DIFFERENT

Tally = Counter[PairOutcome]
"""How many pairs had each outcome."""


def judge(pairs: Sequence[PairEvidence], policy: Policy) -> Verdict:
    """Judge pairs against a policy. The order of pairs does not change the result."""
    tally = Counter(pair.outcome for pair in pairs)
    checks = [_errors(tally, policy), _answers(tally, policy)]
    if any(pair.effects_differ is not None for pair in pairs):
        checks.append(_seen("effects", [pair.effects_differ for pair in pairs], tally, policy))
    checks.append(_latency(pairs, tally, policy))
    if any(pair.logs_differ is not None for pair in pairs):
        checks.append(_seen("logs", [pair.logs_differ for pair in pairs], tally, policy))
    if any(pair.primary_gb_s is not None and pair.candidate_gb_s is not None for pair in pairs):
        checks.append(cost_of(pairs))
    kept = tuple(check for check in checks if check.name not in policy.muted)
    return _verdict(kept, pairs)


def _verdict(checks: tuple[CheckResult, ...], pairs: Sequence[PairEvidence]) -> Verdict:
    critical = [check for check in checks if check.critical]
    if not critical:
        return Verdict(
            result=Result.ERROR,
            checks=checks,
            sentence="Every check is muted or only observed, so nothing can be judged.",
            needed=0,
        )
    result = _gravest(critical)
    telling = next(check for check in critical if check.result is result)
    needed = max(check.needed for check in critical) if result is Result.INCONCLUSIVE else 0
    if result is Result.PASS:
        sentence = f"{len(pairs):,} pairs: no more errors, differences or time on FC than the policy allows."
    elif result is Result.INCONCLUSIVE:
        slowest = max(critical, key=lambda check: check.needed)
        sentence = slowest.sentence if slowest.result is result else telling.sentence
    else:
        sentence = telling.sentence
    return Verdict(
        result=result,
        checks=checks,
        sentence=sentence,
        needed=needed,
        explains=_explains(telling, pairs) if result is not Result.PASS else (),
    )


def _gravest(checks: Sequence[CheckResult]) -> Result:
    found = {check.result for check in checks}
    for result in (Result.FAIL, Result.ERROR, Result.INCONCLUSIVE):
        if result in found:
            return result
    return Result.PASS


def _explains(check: CheckResult, pairs: Sequence[PairEvidence]) -> tuple[int, ...]:
    """Give up to three indices, the newest first; for latency the slowest ratios first."""
    if check.name == "latency" and check.result is Result.FAIL:
        timed = [
            (pair.candidate_ms / pair.primary_ms, index)
            for index, pair in enumerate(pairs)
            if pair.outcome in ANSWERED and not pair.cold and pair.candidate_ms and pair.primary_ms
        ]
        return tuple(index for _, index in sorted(timed, reverse=True)[:3])
    if check.name in ("effects", "logs") and check.result is Result.FAIL:
        differs = attrgetter(f"{check.name}_differ")
        return tuple(islice((n for n in range(len(pairs) - 1, -1, -1) if differs(pairs[n])), 3))
    if check.result is Result.ERROR:
        wanted = frozenset({PairOutcome.NOT_COMPARABLE})
    else:
        wanted = {"errors": frozenset({PairOutcome.CANDIDATE_ERROR}), "answers": DIFFERENT}.get(
            check.name, DIFFERENT | {PairOutcome.CANDIDATE_ERROR}
        )
    newest = (index for index in range(len(pairs) - 1, -1, -1) if pairs[index].outcome in wanted)
    return tuple(islice(newest, 3))


# ---------------------------------------------------------------------------------------------- errors


def _errors(tally: Tally, policy: Policy) -> CheckResult:
    trials = tally.total() - tally[PairOutcome.NOT_COMPARABLE]
    candidate_only, primary_only = tally[PairOutcome.CANDIDATE_ERROR], tally[PairOutcome.PRIMARY_ERROR]
    both = tally[PairOutcome.BOTH_ERROR_SAME] + tally[PairOutcome.BOTH_ERROR_DIFFERENT]
    margin, alarm = policy.error_margin, policy.alarm("errors")
    discordant = log_e_discordant(candidate_only, primary_only)
    above = log_e_rate_above(candidate_only, trials, margin)
    clean = log_e_rate_below(candidate_only, trials, margin, policy.alpha)
    if discordant >= math.log(alarm) and above >= math.log(MATERIAL):
        result = Result.FAIL
    else:
        result = _missing(tally) or (Result.PASS if clean >= -math.log(policy.alpha) else Result.INCONCLUSIVE)
    needed = _needed(result, candidate_only, trials, margin, policy.alpha)
    seen = f"{candidate_only} of {trials:,} pairs failed only on FC, {primary_only} only on AWS"
    return CheckResult(
        name="errors",
        result=result,
        critical="errors" not in policy.observe,
        primary=_share(primary_only + both, trials),
        candidate=_share(candidate_only + both, trials),
        change=f"{candidate_only} only on FC, {primary_only} only on AWS",
        bound=f"at most {margin:.2%} only on FC",
        needed=needed,
        formula=(
            f"FAIL: e-value of {candidate_only} against {primary_only} discordant pairs reaches "
            f"1/({SHARES['errors']:g} alpha) = {alarm:g}, and the one of {candidate_only} in {trials} "
            f"against a rate of at most {margin:g} reaches {MATERIAL:g}. PASS: e-value against a rate of "
            f"at least {margin:g} reaches 1/alpha = {1 / policy.alpha:g}."
        ),
        numbers={
            "pairs": trials,
            "candidate_only": candidate_only,
            "primary_only": primary_only,
            "both": both,
            "e_discordant": _e(discordant),
            "e_above": _e(above),
            "e_below": _e(clean),
            "upper": upper_rate(candidate_only, trials, policy.alpha),
        },
        sentence=_sentence(result, tally, seen, f"the bound is {margin:.2%}", needed),
    )


# --------------------------------------------------------------------------------------------- answers


def _answers(tally: Tally, policy: Policy) -> CheckResult:
    different = _number(tally, DIFFERENT)
    trials = different + _number(tally, ALIKE)
    tolerance, alarm = policy.mismatch_tolerance, policy.alarm("answers")
    above = log_e_rate_above(different, trials, tolerance)
    clean = log_e_rate_below(different, trials, tolerance, policy.alpha)
    answered = _number(tally, ANSWERED) > 0
    if above >= math.log(alarm):
        result = Result.FAIL
    else:
        passed = answered and clean >= -math.log(policy.alpha)
        result = _missing(tally) or (Result.PASS if passed else Result.INCONCLUSIVE)
    needed = _needed(result, different, trials, tolerance, policy.alpha)
    seen = f"{different} of {trials:,} answers differed"
    if trials and not answered:
        seen = f"All {trials:,} pairs failed on both sides, so no answer was compared"
    return CheckResult(
        name="answers",
        result=result,
        critical="answers" not in policy.observe,
        primary="reference",
        candidate=_share(different, trials) + " differ",
        change=f"{different} of {trials:,}",
        bound=f"at most {tolerance:.2%}",
        needed=needed,
        formula=(
            f"FAIL: e-value of {different} in {trials} against a rate of at most {tolerance:g} reaches "
            f"1/({SHARES['answers']:g} alpha) = {alarm:g}. PASS: e-value against a rate of at least "
            f"{tolerance:g} reaches 1/alpha = {1 / policy.alpha:g} (without differences: "
            f"(1 - {tolerance:g})^-n)."
        ),
        numbers={
            "pairs": trials,
            "different": different,
            "e_above": _e(above),
            "e_below": _e(clean),
            "upper": upper_rate(different, trials, policy.alpha),
        },
        sentence=_sentence(result, tally, seen, f"the bound is {tolerance:.2%}", needed),
    )


# --------------------------------------------------------------------------------------------- latency


def _latency(pairs: Sequence[PairEvidence], tally: Tally, policy: Policy) -> CheckResult:
    floor, limit = policy.latency_floor_ms, math.log(policy.latency_margin)
    timed = [
        (pair.primary_ms, pair.candidate_ms)
        for pair in pairs
        if pair.outcome in ANSWERED
        and not pair.cold
        and pair.primary_ms is not None
        and pair.candidate_ms is not None
    ]
    trials = len(timed)
    ratios = [math.log(max(candidate, floor) / max(primary, floor)) for primary, candidate in timed]
    mean = math.fsum(ratios) / trials if trials else 0.0
    deviation = _deviation(ratios, mean)
    fail_radius = mean_radius(trials, 1 / policy.alarm("latency")) * deviation if trials else math.inf
    pass_radius = mean_radius(trials, policy.alpha) * deviation if trials else math.inf
    if trials >= MIN_LATENCY_PAIRS and mean - fail_radius > limit:
        result = Result.FAIL
    elif trials >= MIN_LATENCY_PAIRS and mean + pass_radius < limit:
        result = _missing(tally) or Result.PASS
    else:
        result = _missing(tally) or Result.INCONCLUSIVE
    needed = (
        _latency_needed(trials, abs(limit - mean), deviation, policy) if result is Result.INCONCLUSIVE else 0
    )
    seen = f"FC takes {math.exp(mean):.2f} times as long as AWS over {trials:,} warm pairs"
    if not trials:
        seen = "No warm pair has both durations yet"
    return CheckResult(
        name="latency",
        result=result,
        critical="latency" not in policy.observe,
        primary=_milliseconds([primary for primary, _ in timed]),
        candidate=_milliseconds([candidate for _, candidate in timed]),
        change=f"{math.exp(mean):.2f}x" if trials else "",
        bound=f"at most {policy.latency_margin:.2f}x, {floor:g} ms and less count alike",
        needed=needed,
        formula=(
            f"mean of log(max(FC, {floor:g} ms) / max(AWS, {floor:g} ms)) over warm pairs, with an "
            f"always-valid bound: FAIL when its lower bound is above log({policy.latency_margin:g}), "
            f"PASS when its upper bound is below. Durations below {floor:g} ms count as {floor:g} ms."
        ),
        numbers={
            "pairs": trials,
            "mean_log_ratio": mean,
            "deviation": deviation,
            "lower": mean - fail_radius if trials else 0.0,
            "upper": mean + pass_radius if trials else 0.0,
            "limit": limit,
        },
        sentence=_sentence(result, tally, seen, f"the bound is {policy.latency_margin:.2f}", needed),
    )


def _deviation(ratios: Sequence[float], mean: float) -> float:
    """Give the standard deviation, kept away from 0 by five imagined ratios of ±10 %."""
    squares = math.fsum((ratio - mean) ** 2 for ratio in ratios) + 5 * 0.1**2
    return math.sqrt(squares / (len(ratios) + 5))


def _latency_needed(trials: int, distance: float, deviation: float, policy: Policy) -> int:
    def enough(more: int) -> bool:
        total = trials + more
        return total >= MIN_LATENCY_PAIRS and mean_radius(total, policy.alpha) * deviation < distance

    return first_that(enough)


def _milliseconds(durations: Sequence[float]) -> str:
    if not durations:
        return "none yet"
    middle = statistics.median(durations)
    return f"{middle:.1f} ms" if middle < 10 else f"{middle:.0f} ms"


# ------------------------------------------------------------------------------------------------ logs


def _seen(name: str, differ: Sequence[bool | None], tally: Tally, policy: Policy) -> CheckResult:
    """Check what may arrive later or not at all: the logs, or the effects, of those pairs that have them."""
    known = [one for one in differ if one is not None]
    different, trials, tolerance = sum(known), len(known), policy.mismatch_tolerance
    above = log_e_rate_above(different, trials, tolerance)
    clean = log_e_rate_below(different, trials, tolerance, policy.alpha)
    if above >= math.log(policy.alarm(name)):
        result = Result.FAIL
    else:
        result = Result.PASS if clean >= -math.log(policy.alpha) else Result.INCONCLUSIVE
    needed = _needed(result, different, trials, tolerance, policy.alpha)
    return CheckResult(
        name=name,
        result=result,
        critical=name not in policy.observe,
        primary="reference",
        candidate=_share(different, trials) + " differ",
        change=f"{different} of {trials:,}",
        bound=f"at most {tolerance:.2%}",
        needed=needed,
        formula=(
            f"as for answers, over pairs whose {name} have arrived, with a rate of {tolerance:g}; FAIL at "
            f"1/({SHARES[name]:g} alpha) = {policy.alarm(name):g}"
        ),
        numbers={"pairs": trials, "different": different, "e_above": _e(above), "e_below": _e(clean)},
        sentence=_sentence(
            result,
            tally,
            f"{different} of {trials:,} {name} differed",
            f"the bound is {tolerance:.2%}",
            needed,
        ),
    )


# ---------------------------------------------------------------------------------------------- shared


def _number(tally: Tally, outcomes: Iterable[PairOutcome]) -> int:
    return sum(tally[outcome] for outcome in outcomes)


def _missing(tally: Tally) -> Result | None:
    missing = tally[PairOutcome.NOT_COMPARABLE]
    return Result.ERROR if missing >= MISSING_LEAST and missing > MISSING_SHARE * tally.total() else None


def _needed(result: Result, failures: int, trials: int, rate: float, alpha: float) -> int:
    if result is not Result.INCONCLUSIVE:
        return 0
    threshold = -math.log(alpha)
    return first_that(lambda more: log_e_rate_below(failures, trials + more, rate, alpha) >= threshold)


def _sentence(result: Result, tally: Tally, seen: str, bound: str, needed: int) -> str:
    match result:
        case Result.FAIL:
            return f"{seen}; {bound}."
        case Result.PASS:
            return f"{seen}; {bound}, and the evidence suffices."
        case Result.ERROR:
            missing = tally[PairOutcome.NOT_COMPARABLE]
            return f"{missing} of {tally.total():,} pairs could not be compared, so nothing is concluded."
        case Result.INCONCLUSIVE:
            if needed >= MAX_NEEDED:
                return f"{seen}; {bound}. More pairs alone will hardly change that."
            pairs_are = "pair is" if needed == 1 else "pairs are"
            return f"{seen}; {needed:,} more good {pairs_are} needed."


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2%}" if whole else "none yet"


def _e(log_e: float) -> float:
    return math.exp(min(log_e, 700.0))
