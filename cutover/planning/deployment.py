"""The dual deploy: everything on Alibaba Cloud, AWS only read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cutover.planning.adapter import FILES, HANDLERS, Adapter
from cutover.planning.bundled import BUNDLES, added
from cutover.planning.model import (
    ALIAS,
    ActionKind,
    OperationKind,
    Plan,
    PlannedAction,
    Target,
    Undo,
    on_fc,
    short,
)


def plan_deploy(
    *,
    function: str,
    code_sha256: str,
    original_version: str,
    target: Target,
    smoke: bool,
    marker: str,
    adapter_settings: Mapping[str, Any] | None = None,
    owner: str = "",
) -> Plan:
    """Plan the dual deploy: AWS is only read. ``marker`` finds a published version again after a kill.

    ``smoke``: whether the side-effect contract allows an invocation; otherwise the plan says that it waits.
    ``owner``: the tool whose generated code made the function on FC, as far as is known; it is adopted then.
    ``adapter_settings``: what the target's adapter is told; None deploys the function as FC calls it itself.
    """
    name = target.name
    adapter = Adapter(target.adapter) if adapter_settings is not None else Adapter.NONE
    adapted = adapter is not Adapter.NONE
    bundles = [BUNDLES[one].request for one in target.bundled]
    content = "/".join(
        [code_sha256, *([adapter.value] if adapted else []), *(one["sha256"] for one in bundles)]
    )
    stored = f"{name}/{short(content)}.zip"
    package: dict[str, Any] = {
        "function": function,
        "version": original_version,
        "bucket": target.bucket,
        "object": stored,
    }
    if adapted:
        package |= {"adapter": adapter.value, "adapter_settings": dict(adapter_settings or {})}
    if bundles:
        package["bundled"] = bundles
    specification = {
        "function": name,
        "original_function": function,
        "original_version": original_version,
        "runtime": target.runtime,
        "handler": HANDLERS[adapter] if adapted else target.handler,
        "memory_mb": target.memory_mb,
        "cpu": target.cpu,
        "disk_mb": target.disk_mb,
        "timeout_s": target.timeout_s,
        "bucket": target.bucket,
        "object": stored,
        "project": target.log_project,
        "store": target.log_store,
        "environment_names": list(target.environment_names),
    }
    if owner:
        specification["adopt"] = owner
    actions = [
        on_fc(
            "bucket",
            ActionKind.BUCKET,
            "oss:PutBucket",
            {"bucket": target.bucket},
            f"Bucket {target.bucket} for packages exists",
        ),
        on_fc(
            "package",
            ActionKind.PACKAGE,
            "oss:PutObject",
            package,
            _package_changes(original_version, stored, adapter, target),
        ),
        on_fc(
            "logs",
            ActionKind.LOGS,
            "sls:CreateLogStore",
            {"project": target.log_project, "store": target.log_store},
            f"Log store {target.log_project}/{target.log_store} exists",
        ),
        _adopt(specification, owner) if owner else _create(specification),
        on_fc(
            "candidate-version",
            ActionKind.CANDIDATE_VERSION,
            "fc:PublishVersion",
            {"function": name, "marker": marker},
            "A new immutable version is published",
        ),
        on_fc(
            "candidate-alias",
            ActionKind.CANDIDATE_ALIAS,
            "fc:CreateAlias",
            {"function": name, "alias": ALIAS, "version": "@candidate-version.version"},
            f"Alias {ALIAS} points at the new version",
        ),
    ]
    notes = ["AWS keeps all traffic. Nothing on AWS is changed.", _ownership(target, owner)]
    if adapted and (unclear := (adapter_settings or {}).get("unclear")):
        notes.append(f"The adapter passes on in FC's own form: {'; '.join(unclear)}.")
    if smoke:
        actions.append(
            on_fc(
                "smoke",
                ActionKind.SMOKE,
                "fc:InvokeFunction",
                {"function": name, "alias": ALIAS, "original_function": function},
                "The function is invoked once with a suite event",
            )
        )
    else:
        notes.append("The smoke test waits for the declaration of side effects.")
    return Plan(kind=OperationKind.DEPLOY, function=function, actions=tuple(actions), notes=tuple(notes))


def _create(specification: Mapping[str, Any]) -> PlannedAction:
    name = specification["function"]
    return on_fc(
        "candidate",
        ActionKind.CANDIDATE,
        "fc:CreateFunction",
        specification,
        f"Function {name} exists on FC with {specification['runtime']}, {specification['memory_mb']} MB",
        Undo(
            kind=ActionKind.CANDIDATE_DELETE,
            request={"function": name, "if_created": "@candidate.created"},
        ),
    )


def _adopt(specification: Mapping[str, Any], owner: str) -> PlannedAction:
    """Adopt what generated code made. It has no undo of its own: the alias goes back to where it pointed."""
    return on_fc(
        "candidate",
        ActionKind.CANDIDATE,
        "fc:UpdateFunction",
        specification,
        f"Function {specification['function']}, which {owner} made, is adopted: package, handler and "
        "environment go in, and everything else of it stays as it is",
    )


def _ownership(target: Target, owner: str) -> str:
    """Say who owns each resource of the plan."""
    ours = f"bucket {target.bucket} with its packages, its own versions and where alias {ALIAS} points"
    if owner:
        return (
            f"{owner} owns function {target.name}, its role, log store and triggers; it alone changes or "
            f"deletes them. Cutover owns {ours}."
        )
    return (
        f"Cutover owns function {target.name}, log store {target.log_project}/{target.log_store}, {ours}. "
        "A function that generated code made for this AWS function is adopted and not made twice."
    )


def _package_changes(version: str, stored: str, adapter: Adapter, target: Target) -> str:
    brings = f"; {added(target.bundled)}" if target.bundled else ""
    if adapter is Adapter.NONE:
        return f"The package of version {version} is stored as {stored}{brings}"
    return (
        f"The package of version {version} with the {adapter.value} adapter ({FILES[adapter]} files added, "
        f"none changed; handler {HANDLERS[adapter]} calls {target.handler}) is stored as {stored}{brings}"
    )
