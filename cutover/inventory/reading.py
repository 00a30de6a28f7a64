"""Which parser reads which file, and all templates of a folder together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from cutover.inventory import cloudformation, serverless, terraform, up
from cutover.inventory.documents import Unreadable, load
from cutover.inventory.model import Declaration, DeclaredFunction, TemplateTrouble

TEMPLATE_NAMES = ("template.yaml", "template.yml", "serverless.yml", "serverless.yaml", "up.json")
_ENDINGS = (".yaml", ".yml", ".json", ".tf", ".template")


def is_template(path: str) -> bool:
    """Tell by its name whether a file may be a template; what it is shows in its contents."""
    parts = PurePosixPath(path).parts
    hidden = any(part.startswith(".") or part == "node_modules" for part in parts)
    return not hidden and path.endswith(_ENDINGS) and not path.endswith((".tf.json", "package.json"))


def read_templates(files: Mapping[str, bytes]) -> Declaration:
    """Read templates by path. A file that is none is left alone; one that cannot be read is a trouble.

    A file by a name that only templates have, or the only one given, is a trouble also when it is something
    else.
    """
    found: list[DeclaredFunction] = []
    troubles: list[TemplateTrouble] = []
    hcl: dict[str, dict[str, dict[str, Any]]] = {}
    for path, content in sorted(files.items()):
        meant = len(files) == 1 or PurePosixPath(path).name in TEMPLATE_NAMES or path.endswith(".tf")
        try:
            if path.endswith(".tf"):
                folder = str(PurePosixPath(path).parent)
                hcl.setdefault(folder, {})[path] = terraform.load_hcl(content)
                continue
            functions = _functions(path, load(content, json=path.endswith(".json")))
        except Unreadable as error:
            if meant:
                troubles.append(TemplateTrouble(file=path, line=error.line, sentence=error.sentence))
            continue
        if functions is None:
            if meant:
                sentence = "It is no template of SAM, CloudFormation, Serverless, Terraform or up."
                troubles.append(TemplateTrouble(file=path, line=0, sentence=sentence))
            continue
        found += functions
    for documents in hcl.values():
        found += terraform.from_hcl(documents)
    return Declaration(functions=tuple(found), troubles=tuple(troubles))


def _functions(path: str, document: dict[str, Any]) -> list[DeclaredFunction] | None:
    """Give a document's functions; None when it is no template that we know."""
    if terraform.is_plan(document):
        return list(terraform.from_plan(path, document))
    if PurePosixPath(path).name == "up.json":
        return [up.function(path, document)]
    if serverless.is_template(document):
        return list(serverless.functions(path, document))
    if cloudformation.is_template(document):
        return list(cloudformation.functions(path, document))
    return None
