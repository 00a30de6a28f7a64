"""Run cases: build, deploy on AWS, call, compare; the same on FC through the adapter; and assess."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hosting import throwaway
from tests.cases.building import Unbuildable, build, sdk_v2_is_wanted
from tests.cases.checkouts import Checkouts, Missing
from tests.cases.halves import AwsHalf, FcHalf, brought_by_lambda
from tests.cases.judging import judge
from tests.cases.likeness import Seen, differences, left_behind
from tests.cases.recorded import Case
from tests.cases.surroundings import Surroundings, make_database
from tests.contract.ports import alibaba_connection, aws_connection
from tests.sandbox_fixtures import running_alibaba, running_aws

OLD_NODE = "nodejs16.x"
"""The last runtime that brings aws-sdk 2; code that uses it without bringing it runs there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What became of a case. ``aws`` and ``fc``: the differences; ``skipped``: why it was not run."""

    id: str
    skipped: str = ""
    aws: tuple[str, ...] = ()
    fc: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    score: int | None = None
    blockers: tuple[str, ...] = ()
    findings: tuple[dict[str, Any], ...] = ()
    note: str = ""

    @property
    def same(self) -> bool:
        """Tell whether nothing differs and the assessment is right; a skipped case is not wrong."""
        return not (self.aws or self.fc or self.wrong)


@dataclass(kw_only=True)
class Bench:
    """Both halves, the surroundings, and where packages are made."""

    aws: AwsHalf
    fc: FcHalf
    surroundings: Surroundings
    checkouts: Checkouts
    folder: Path

    def run(self, case: Case) -> Result:
        """Run one case on both halves."""
        try:
            files = self.checkouts.files(case.repo, case.commit, case.path)
            place = self.folder / case.id
            place.mkdir()
            package = build(case, files, place)
        except (Missing, Unbuildable) as exc:
            return Result(id=case.id, skipped=str(exc))
        if case.wants_database:
            if self.surroundings.database_url is None:
                return Result(id=case.id, skipped="there is no PostgreSQL")
            make_database(self.surroundings.database_url, case, self._schema(case))
        old_sdk = sdk_v2_is_wanted(case, files)
        self.surroundings.prepare(case)
        facts = self.aws.deploy(
            case.id,
            package,
            runtime=OLD_NODE if old_sdk else case.runtime,
            handler=case.handler,
            environment=self.surroundings.environment(case),
        )
        on_aws = self._played(case, lambda event: self.aws.call(case.id, event))
        self.surroundings.prepare(case)
        self.fc.deploy(
            facts,
            package,
            environment=self.surroundings.environment(case),
            brought=brought_by_lambda(facts.runtime, files, sdk_v2=old_sdk),
        )
        on_fc = self._played(case, lambda event: self.fc.call(case.id, event))
        judgement = judge(case, facts, package)
        return Result(
            id=case.id,
            aws=on_aws,
            fc=on_fc,
            wrong=judgement.wrong,
            score=judgement.score,
            blockers=judgement.blockers,
            findings=tuple(asdict(one) for one in judgement.findings),
            note=f"{len(case.events)} events, {facts.runtime}, {len(package) / 1e6:.1f} MB",
        )

    def _played(self, case: Case, call: Callable[[Any], Seen]) -> tuple[str, ...]:
        found: list[str] = []
        for number, (event, recorded) in enumerate(zip(case.events, case.observed, strict=True), start=1):
            found += [f"event {number}: {one}" for one in differences(case, recorded, call(event))]
        return (*found, *left_behind(case, self.surroundings.left(case)))

    def _schema(self, case: Case) -> Mapping[str, bytes]:
        """Give the *.sql files that lie beside the function's folder."""
        files = self.checkouts.files(case.repo, case.commit, str(Path(case.path).parent))
        return {name: content for name, content in files.items() if name.endswith(".sql")}


@contextmanager
def bench(checkouts: Checkouts, *, database: bool) -> Iterator[Bench]:
    """Start both halves, and PostgreSQL if a case needs it; all end with the block."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cutover-cases-")))
        state = folder / "state"
        aws = stack.enter_context(running_aws(state))
        alibaba = stack.enter_context(running_alibaba(state))
        url = None
        if database:
            servers = throwaway.start()
            stack.callback(servers.stop)
            url = servers.database_url
        yield Bench(
            aws=AwsHalf(running=aws, cloud=stack.enter_context(aws_connection(aws))),
            fc=FcHalf(running=alibaba, cloud=alibaba_connection(alibaba), aws=aws),
            surroundings=Surroundings(sqs=aws.client("sqs"), s3=aws.client("s3"), database_url=url),
            checkouts=checkouts,
            folder=folder,
        )


def run_all(cases: Iterable[Case], checkouts: Checkouts) -> Iterator[Result]:
    """Run the cases one after the other."""
    cases = tuple(cases)
    with bench(checkouts, database=any(case.wants_database for case in cases)) as ready:
        for case in cases:
            yield ready.run(case)
