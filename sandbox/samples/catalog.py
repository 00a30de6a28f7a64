"""The samples as they lie in their folders: sample.json, the code beside it, events.jsonl."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent
_NOT_CODE = frozenset({"sample.json", "events.jsonl"})
_FIXED_TIME = (2026, 1, 1, 0, 0, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One sample; memory in MB, timeout in seconds, ``folder`` holds its code and events."""

    name: str
    runtime: str
    handler: str
    memory: int
    timeout: int
    environment: Mapping[str, str]
    description: str
    effects: str
    folder: Path

    def package(self) -> bytes:
        """Give the deployment package; equal code gives equal bytes."""
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(self.folder.iterdir()):
                if path.is_file() and path.name not in _NOT_CODE:
                    member = zipfile.ZipInfo(path.name, _FIXED_TIME)
                    member.external_attr = 0o644 << 16
                    archive.writestr(member, path.read_bytes())
        return out.getvalue()

    def events(self) -> tuple[dict[str, object], ...]:
        """Give the AWS-shaped events that the sample is tried with."""
        text = (self.folder / "events.jsonl").read_text(encoding="utf-8")
        return tuple(json.loads(line) for line in text.splitlines() if line)


def read_samples(root: Path = ROOT) -> tuple[Sample, ...]:
    """Give all samples, by name."""
    return tuple(
        Sample(**json.loads(place.read_text(encoding="utf-8")), folder=place.parent)
        for place in sorted(root.glob("*/sample.json"))
    )
