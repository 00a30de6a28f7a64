"""Both clouds in memory, with faults on demand; for the fast tests."""

from __future__ import annotations

from clouds.simulated import alibaba, aws, keeping, probes
from clouds.simulated.world import ACCOUNT, REGION, World
from cutover.observation import Side
from cutover.ports import CandidateCloud, PrimaryCloud

__all__ = ["World", "connect"]


def connect(world: World | None = None) -> tuple[PrimaryCloud, CandidateCloud, World]:
    """Give both clouds on one world, a new one unless given."""
    world = world or World()
    secrets = keeping.Secrets(world)
    primary = PrimaryCloud(
        region=REGION,
        account_id=ACCOUNT,
        endpoint_url="",
        session=aws.Session(world),
        catalog=aws.Catalog(world),
        publisher=aws.Deployer(world),
        router=aws.Router(world),
        invoker=aws.Invoker(world),
        logs=aws.Logs(world),
        metrics=aws.Metrics(world),
        queue=keeping.Queue(world),
        secrets=secrets,
        archive=keeping.Archive(world, secrets),
        probes=probes.Probes(world, Side.PRIMARY),
    )
    candidate = CandidateCloud(
        region=alibaba.REGION,
        account_id=alibaba.ACCOUNT,
        fc_url="https://fcv3.cn-hangzhou.aliyuncs.com",
        session=alibaba.Session(world),
        packages=alibaba.Packages(world),
        deployer=alibaba.Deployer(world),
        invoker=alibaba.Invoker(world),
        logs=alibaba.Logs(world),
        probes=probes.Probes(world, Side.CANDIDATE),
    )
    return primary, candidate, world
