"""A rule tried on pairs that are there already: what would it hide?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from cutover.comparison.acceptance import Acceptance
from cutover.comparison.effect_rules import EffectRules
from cutover.comparison.model import Comparison, Difference, Rule, Standing
from cutover.comparison.outcome import compare
from cutover.comparison.pointers import template
from cutover.observation import Observation


@dataclass(frozen=True, kw_only=True, slots=True)
class Hidden:
    """One field that a rule would hide. ``times``: differences; ``primary``, ``candidate``: one example."""

    template: str
    kind: str
    times: int
    pairs: int
    primary: str
    candidate: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """What a rule would do to pairs.

    ``changed``: pairs with another outcome. ``before``, ``after``: outcome -> pairs, without and with it.
    ``hidden``: what counts now and would be ignored, the most frequent first. ``idle``: it hides nothing.
    """

    pairs: int
    changed: int
    before: Mapping[str, int]
    after: Mapping[str, int]
    hidden: tuple[Hidden, ...]

    @property
    def idle(self) -> bool:
        """Tell whether the rule would change nothing at all."""
        return not self.changed and not self.hidden


def checked(rule: Rule) -> Rule:
    """Give the rule back if it can be used. Raises BadInput with the reason if not."""
    Acceptance((rule,))
    EffectRules((rule,))
    return rule


def try_rule(
    rule: Rule, pairs: Iterable[tuple[Observation, Observation]], *, held: Sequence[Rule] = ()
) -> Trial:
    """Compare pairs again, without and with a rule beside those that hold, and say what it would hide.

    Args:
        pairs: (primary, candidate) observations, as stored.

    Raises:
        BadInput: when a rule cannot be read.
    """
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    changed = 0
    seen: dict[tuple[str, str], Hidden] = {}
    for primary, candidate in pairs:
        without = compare(primary, candidate, rules=held)
        with_it = compare(primary, candidate, rules=(*held, rule))
        before[without.outcome.value] += 1
        after[with_it.outcome.value] += 1
        changed += without.outcome is not with_it.outcome
        _note(seen, _counting(without), with_it)
    hidden = sorted(seen.values(), key=lambda one: (-one.times, one.template))
    return Trial(
        pairs=before.total(), changed=changed, before=dict(before), after=dict(after), hidden=tuple(hidden)
    )


def _counting(comparison: Comparison) -> list[Difference]:
    return [one for one in comparison.differences if one.standing is Standing.COUNTS]


def _note(seen: dict[tuple[str, str], Hidden], counting: Sequence[Difference], with_it: Comparison) -> None:
    """Add what counted without the rule and does not with it."""
    still = {(one.part, one.pointer) for one in _counting(with_it)}
    here: set[tuple[str, str]] = set()
    for one in counting:
        if (one.part, one.pointer) in still:
            continue
        key = (template(one.pointer), one.kind)
        found = seen.get(key) or Hidden(
            template=key[0], kind=one.kind, times=0, pairs=0, primary=one.primary, candidate=one.candidate
        )
        seen[key] = replace(found, times=found.times + 1, pairs=found.pairs + (key not in here))
        here.add(key)
