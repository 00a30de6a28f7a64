"""Events of FC in the shapes of AWS, for the triggers that the plan names; all else passes untouched."""

from __future__ import annotations

from typing import Any

from .translation import (  # type: ignore[import-not-found]  # it is put beside this module in a package
    Kind,
    Untranslatable,
    answer_to_fc,
    recognise,
    setting_from,
    to_aws,
)


class Shapes:
    """The triggers of one function: ``[{"here": kind on AWS, "there": [kinds on FC]}]``."""

    def __init__(self, triggers: list[dict[str, Any]], setting: dict[str, Any]) -> None:
        self._here = {Kind(there): Kind(one["here"]) for one in reversed(triggers) for there in one["there"]}
        self._setting = setting_from(setting)
        self.takes_text = Kind.MNS_TOPIC_STREAM in self._here

    def to_aws(self, given: Any) -> tuple[Any, Kind | None]:
        """Give the event, and the kind of request that its answer must be translated for."""
        kind = self._kind(given)
        here = None if kind is None else self._here.get(kind)
        if kind is None or here is None:
            return given, None
        event = to_aws(given, kind, self._setting, here=here).event
        return event, here if kind is Kind.HTTP else None

    def answer(self, answer: Any, here: Kind) -> Any:
        """Give the answer to a request in FC's form."""
        return answer_to_fc(answer, kind=here).event

    def _kind(self, given: Any) -> Kind | None:
        if isinstance(given, str):
            return Kind.MNS_TOPIC_STREAM if self.takes_text else None
        try:
            return recognise(given)
        except Untranslatable:
            return None
