"""The upload of a package to which bundled dependencies are added, and its refusals."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from adapters import build
from cutover.ports import Receipt
from tests.unit.adapters.fc_run import SETTINGS, package
from tests.unit.adapters.test_bundles import installed
from workers.steps.candidate import PACKAGE
from workers.steps.work import StepFailed


def work(stored: list[bytes]) -> Any:
    def put(_bucket: str, _name: str, content: bytes) -> Receipt:
        stored.append(content)
        return Receipt(request_id="r", outcome={})

    catalog = SimpleNamespace(package=lambda *_, **__: package({"index.js": ""}))
    return SimpleNamespace(
        primary=SimpleNamespace(catalog=catalog), candidate=SimpleNamespace(packages=SimpleNamespace(put=put))
    )


def request(root: Path, **more: Any) -> dict[str, Any]:
    lock, files = installed(root)
    bundle = {"name": "aws-sdk-v2", "lock_sha256": lock, "sha256": files}
    return {"function": "f", "version": "1", "bucket": "b", "object": "o", "bundled": [bundle], **more}


@pytest.mark.parametrize("adapter", [{"adapter": "node", "adapter_settings": SETTINGS}, {}])
def test_it_adds_what_the_plan_names_and_evidence_belongs_to_it(
    adapter: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUTOVER_BUNDLED_PACKAGES", str(tmp_path))
    stored: list[bytes] = []
    receipt = PACKAGE.apply(work(stored), request(tmp_path, **adapter))
    names = zipfile.ZipFile(io.BytesIO(stored[0])).namelist()
    assert "node_modules/aws-sdk/package.json" in names
    assert ("cutover-adapter.js" in names) is bool(adapter)
    assert receipt.outcome["adapter"] not in ("", build.adapter_digest("node"))


def test_it_fails_with_a_sentence_when_no_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUTOVER_BUNDLED_PACKAGES", raising=False)
    stored: list[bytes] = []
    with pytest.raises(StepFailed, match=r"CUTOVER_BUNDLED_PACKAGES names no folder .* AWS is untouched\."):
        PACKAGE.apply(work(stored), request(tmp_path))
    assert stored == []
