"""What `hosting.demo` decided, for `hosting.furnish`: written to var/run/layout.json (0600) and read back."""

import json
from pathlib import Path

from hosting.environment import Demo
from hosting.places import write_private
from hosting.postgres import open_cluster
from hosting.redis import open_store


def write_layout(demo: Demo, began: float) -> None:
    """Write the demo down. Args: began: unix seconds at which the person typed the command."""
    content = {
        "postgres": {"home": str(demo.cluster.home), "port": demo.cluster.port},
        "redis": {"home": str(demo.store.home)},
        "ports": {"web": demo.web_port, "aws": demo.aws_port, "alibaba": demo.alibaba_port},
        "same_clouds": demo.same_clouds,
        "began": began,
    }
    write_private(demo.state / "run" / "layout.json", json.dumps(content))


def read_keys(state: Path) -> dict[str, object]:
    """Read the keys that `python -m sandbox.keys` drew."""
    return dict(json.loads((state / "sandbox" / "keys.json").read_text()))


def earlier_ports(state: Path) -> dict[str, int]:
    """Give the ports of the demo before, so that addresses stay; empty when there was none."""
    written = state / "run" / "layout.json"
    if not written.exists():
        return {}
    return {name: int(port) for name, port in json.loads(written.read_text())["ports"].items()}


def read_layout(state: Path) -> tuple[Demo, float]:
    """Read the demo and the moment it began."""
    content = json.loads((state / "run" / "layout.json").read_text())
    demo = Demo(
        state=state,
        cluster=open_cluster(Path(content["postgres"]["home"]), content["postgres"]["port"]),
        store=open_store(Path(content["redis"]["home"])),
        web_port=content["ports"]["web"],
        aws_port=content["ports"]["aws"],
        alibaba_port=content["ports"]["alibaba"],
        keys=read_keys(state),
        same_clouds=bool(content["same_clouds"]),
    )
    return demo, float(content["began"])
