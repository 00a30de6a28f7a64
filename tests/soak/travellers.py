"""Functions on their way through the whole journey on a running stack, moved by clicks on the pages.

A click may meet a dead web process: it is repeated with the same key until it is answered, as a person would
press again, and must count once.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from hosting import waiting
from sandbox.samples.catalog import read_samples
from sandbox.samples.loader import Loader
from tests.stack import Answer, Person, Stack

FINAL = ("succeeded", "undone", "failed", "superseded")
OPERATION_LIMIT_S = 300
PREPARATION_LIMIT_S = 420

PATIENT: Mapping[str, float] = {
    "step_min_seconds": 1,
    "step_min_candidate_events": 3,
    "callers_window_s": 1,
    "quiet_window_s": 1,
    "soak_window_s": 1,
    "validation_pairs": 60,
    "mismatch_tolerance": 0.1,
    "error_margin": 0.1,
    "live_error_margin": 0.1,
    "latency_margin": 50.0,
    "latency_floor_ms": 5000.0,
}
"""Short windows, and no verdict by speed: processes are killed on a machine that others use."""


@dataclass(kw_only=True)
class Traveller:
    """One function. ``cycle`` counts how often it set out; ``waits`` rounds it sits out first."""

    name: str
    sample: str
    waits: int = 0
    cycle: int = 0
    deployed: bool = False
    asked: list[str] = field(default_factory=list)
    """Keys of the operations that were asked for by this test, oldest first."""


class Journey:
    """Moves travellers on by the pages of a stack."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.operator: Person = stack.person("operator")
        self.approver: Person = stack.person("approver")

    # ------------------------------------------------------------------------------ setting out

    def set_out(self, travellers: Sequence[Traveller]) -> None:
        """Make the functions on AWS from the samples' packages, and have them synced, assessed, declared."""
        stack = self.stack
        samples = {sample.name: sample for sample in read_samples()}
        loader = Loader(functions=stack.aws("lambda"), roles=stack.aws("iam"))
        list(loader.load([replace(samples[one.sample], name=one.name) for one in travellers]))
        columns = ", ".join(f"{name} = %s" for name in PATIENT)
        stack.rows(f"UPDATE migrations_app_policy SET {columns}", *PATIENT.values())
        for words in (("sync", "--json"), ("assess", "--all", "--json")):
            answer = stack.cutover(*words)
            assert answer.status in (0, 1), answer.text
        for one in travellers:
            events = "\n".join(json.dumps(event) for event in samples[one.sample].events())
            drafted = self._post(f"/functions/{one.name}/events/import/", text=events, name="default")
            assert drafted.status == 303, drafted
            assert self._post(f"{drafted.location}import/", version="0").status == 303
            self.declare(one, "read-only")

    def declare(self, traveller: Traveller, effects: str) -> None:
        """Declare the side effects. A change of them has relay and tap published anew at the next shift."""
        answer = self._post(
            f"/functions/{traveller.name}/declare/", effects=effects, reason="a sample only reads"
        )
        assert answer.status == 303, answer

    # ---------------------------------------------------------------------------------- clicks

    def ask(self, traveller: Traveller, verb: str, **fields: str) -> str:
        """Ask for an operation on its plan page; give the operation's key."""
        key = uuid.uuid4().hex
        found = self._post(
            f"/functions/{traveller.name}/{verb}/", reason=f"{verb} in the soak", key=key, **fields
        )
        rows = self.stack.rows("SELECT id FROM migrations_app_operation WHERE idempotency_key = %s", key)
        assert rows, f"{verb} of {traveller.name} was not taken: {found.status} {_plain(found.text)}"
        return self._asked(traveller, str(rows[0][0]))

    def roll_back(self, traveller: Traveller) -> str:
        """Click rollback. A second click meets the rollback that the first one started, open or done."""
        known = {key for key, kind, *_ in self.operations(traveller) if kind == "rollback"}
        answer = self._post(f"/functions/{traveller.name}/roll-back/", reason="rollback in the soak")
        fresh = [
            key for key, kind, *_ in self.operations(traveller) if kind == "rollback" and key not in known
        ]
        assert fresh, f"rollback of {traveller.name} was not taken: {answer.status} {_plain(answer.text)}"
        return self._asked(traveller, fresh[-1])

    def approve(self, key: str) -> None:
        """Let the second person say yes."""
        answer = self._press(self.approver, f"/operations/{key}/approve/", {"reason": "looked at it"})
        state = self.stack.one("SELECT state FROM migrations_app_operation WHERE id = %s", key)
        assert state != "blocked", f"the approval was not taken: {answer.status} {_plain(answer.text)}"

    def _asked(self, traveller: Traveller, key: str) -> str:
        traveller.asked.append(key)
        return key

    def _post(self, path: str, **fields: str) -> Answer:
        return self._press(self.operator, path, fields)

    def _press(self, person: Person, path: str, fields: Mapping[str, str]) -> Answer:
        """Press a button until somebody answers."""
        answered: list[Answer] = []

        def pressed() -> str | None:
            try:
                answered.append(person.post(path, **fields))
            except OSError as exc:
                return f"nobody answers {path}: {exc}"
            return None

        waiting.until(pressed, 60)
        return answered[0]

    # ----------------------------------------------------------------------------- preparations

    def validate(self, travellers: Sequence[Traveller]) -> None:
        """Run validations until the verdicts pass."""
        for one in travellers:
            answer = self._post(f"/functions/{one.name}/validate/", pairs="60", key=uuid.uuid4().hex)
            assert answer.status == 303, f"{one.name}: {answer.status} {_plain(answer.text)}"
        for one in travellers:
            waiting.until(lambda one=one: self._unproven(one), PREPARATION_LIMIT_S)  # type: ignore[misc]

    def _unproven(self, traveller: Traveller) -> str | None:
        phase, result, runs = self.stack.rows(
            "SELECT f.phase, f.verdict_result, (SELECT count(*) FROM migrations_app_run r WHERE"
            " r.function_id = f.id AND r.state IN ('pending', 'running'))"
            " FROM migrations_app_functionmigration f WHERE name = %s",
            traveller.name,
        )[0]
        return None if (phase, result, runs) == ("validated", "pass", 0) else f"{phase}, verdict {result}"

    def wait_for_cut_over(self, traveller: Traveller) -> None:
        """Wait until `watch` says that the step at 100 % holds, and the clients have left AWS."""
        waiting.until(
            lambda: None if self.phase(traveller) != "shifting" else self._advice(traveller),
            PREPARATION_LIMIT_S,
        )

    def _advice(self, traveller: Traveller) -> str:
        return str(
            self.stack.one(
                "SELECT advice FROM migrations_app_functionmigration WHERE name = %s", traveller.name
            )
        )

    # ---------------------------------------------------------------------------------- looking

    def phase(self, traveller: Traveller) -> str:
        """Give where the function stands."""
        return str(
            self.stack.one(
                "SELECT phase FROM migrations_app_functionmigration WHERE name = %s", traveller.name
            )
        )

    def weight_bp(self, traveller: Traveller) -> int:
        """Give the weight that was asked for last."""
        return int(
            self.stack.one(
                "SELECT desired_weight_bp FROM migrations_app_functionmigration WHERE name = %s",
                traveller.name,
            )
        )

    def operations(self, traveller: Traveller) -> list[tuple[str, str, str, str, str]]:
        """Give (key, kind, state, asked by, error) of all operations, oldest first."""
        found = self.stack.rows(
            "SELECT o.id::text, kind, o.state, asked_by, o.error FROM migrations_app_operation o"
            " JOIN migrations_app_functionmigration f ON f.id = o.function_id WHERE f.name = %s"
            " ORDER BY o.created_at",
            traveller.name,
        )
        return [(str(a), str(b), str(c), str(d), str(e)) for a, b, c, d, e in found]

    def progress(self, key: str) -> float:
        """Give the share of an operation's actions that were begun; 1 when it has ended."""
        state, begun, total = self.stack.rows(
            "SELECT o.state, count(*) FILTER (WHERE a.state <> 'pending'), count(*)"
            " FROM migrations_app_operation o LEFT JOIN migrations_app_action a ON a.operation_id = o.id"
            " WHERE o.id = %s GROUP BY o.state",
            key,
        )[0]
        return 1.0 if state in FINAL else begun / max(1, total)

    def holder(self, key: str) -> int:
        """Give the pid of the worker's process that carries an operation out, 0 when none does."""
        owner = str(
            self.stack.one("SELECT lease_owner FROM migrations_app_operation WHERE id = %s", key)
        ).partition(":")[0]
        return int(owner.removeprefix("worker-")) if owner.startswith("worker-") else 0

    def wait_until_settled(self, travellers: Sequence[Traveller]) -> None:
        """Wait until no operation is open."""
        for one in travellers:
            waiting.until(lambda one=one: self._open(one), OPERATION_LIMIT_S)  # type: ignore[misc]

    def _open(self, traveller: Traveller) -> str | None:
        found = [row for row in self.operations(traveller) if row[2] not in FINAL]
        return f"open on {traveller.name}: {found}" if found else None


def _plain(page: str) -> str:
    """Give what matters of a refusal's page."""
    at = page.find('class="refusal')
    return page[at : at + 600] if at >= 0 else page[-600:]
