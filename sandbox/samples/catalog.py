"""The samples as they lie in their folders: sample.json, events.jsonl, and the code.

Files of the folder itself belong to the package for either cloud; those of `aws/` and `alibaba/` beside them
to the package for that cloud alone, at its root. sample.json names the handler and runtime of AWS, `alibaba`
what is different there, `resources` what the function works with (each has a twin on the other cloud, of the
same name), and `trigger` what calls it.

| resource | on AWS | on Alibaba Cloud |
|---|---|---|
| bucket | S3 bucket | OSS bucket |
| queue | SQS queue | MNS queue |
| notifications | SQS queue | MNS topic |
| table | table of PostgreSQL in the schema `samples_aws` | the same in `samples_alibaba` |

| trigger | on AWS | on Alibaba Cloud |
|---|---|---|
| timer | rule of EventBridge | timer |
| objects | notification of S3 | oss |
| notifications | event source mapping of SQS | mns_topic, JSON |
| api | REST API | http |
| url | function URL | http |
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
_NOT_CODE = frozenset({"sample.json", "events.jsonl"})
_FIXED_TIME = (2026, 1, 1, 0, 0, 0)
_RUNTIMES = {"nodejs20.x": "nodejs20", "python3.12": "python3.12"}


class LoadingError(Exception):
    """A sample could not be deployed; the message says what was refused or not reached."""


class Cloud(StrEnum):
    AWS = "aws"
    ALIBABA = "alibaba"


class Kind(StrEnum):
    BUCKET = "bucket"
    QUEUE = "queue"
    NOTIFICATIONS = "notifications"
    TABLE = "table"


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """Something that a function works with. objects: text by key, for buckets; columns: SQL, for tables."""

    kind: Kind
    name: str
    objects: Mapping[str, str] = field(default_factory=dict)
    columns: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One sample; memory in MB, timeout in seconds, ``folder`` holds its code and events.

    requirements: distributions of Python that go into the package as they are installed here.
    trigger: its kind and what that needs; None where only callers call.
    """

    name: str
    runtime: str
    handler: str
    memory: int
    timeout: int
    environment: Mapping[str, str]
    description: str
    effects: str
    folder: Path
    requirements: tuple[str, ...] = ()
    resources: tuple[Resource, ...] = ()
    trigger: Mapping[str, Any] | None = None
    alibaba: Mapping[str, Any] = field(default_factory=dict)

    @property
    def alibaba_runtime(self) -> str:
        return str(self.alibaba.get("runtime") or _RUNTIMES[self.runtime])

    @property
    def alibaba_handler(self) -> str:
        return str(self.alibaba.get("handler") or self.handler)

    def package(self, cloud: Cloud = Cloud.AWS) -> bytes:
        """Give the deployment package; equal code gives equal bytes.

        Raises:
            importlib.metadata.PackageNotFoundError: a requirement is not installed.
        """
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, path in sorted(self._files(cloud)):
                member = zipfile.ZipInfo(name, _FIXED_TIME)
                member.external_attr = 0o644 << 16
                member.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(member, path.read_bytes())
        return out.getvalue()

    def _files(self, cloud: Cloud) -> Iterator[tuple[str, Path]]:
        for place in (self.folder, self.folder / cloud):
            if place.is_dir():
                yield from (
                    (path.name, path)
                    for path in place.iterdir()
                    if path.is_file() and path.name not in _NOT_CODE
                )
        for requirement in self.requirements:
            for file in metadata.files(requirement) or ():
                if ".." not in file.parts and file.suffix not in (".pyc", ".pyi"):
                    yield str(file), Path(str(file.locate()))

    def events(self) -> tuple[dict[str, object], ...]:
        """Give the AWS-shaped events that the sample is tried with."""
        text = (self.folder / "events.jsonl").read_text(encoding="utf-8")
        return tuple(json.loads(line) for line in text.splitlines() if line)


def read_samples(root: Path = ROOT) -> tuple[Sample, ...]:
    """Give all samples, by name."""
    return tuple(_read(place) for place in sorted(root.glob("*/sample.json")))


def _read(place: Path) -> Sample:
    given = json.loads(place.read_text(encoding="utf-8"))
    resources = tuple(
        Resource(**{**resource, "kind": Kind(resource["kind"])}) for resource in given.pop("resources", ())
    )
    requirements = tuple(given.pop("requirements", ()))
    return Sample(**given, folder=place.parent, resources=resources, requirements=requirements)
