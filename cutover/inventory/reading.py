"""Which parser reads which file, and all templates of a folder together."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
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


def read_templates(
    files: Mapping[str, bytes], beside: Callable[[str], bytes | None] = lambda path: None
) -> Declaration:
    """Read templates by path. A file that is none is left alone; one that cannot be read is a trouble.

    A file by a name that only templates have, or the only one given, is a trouble also when it is something
    else. ``beside`` gives a file that a template names, by its path from the same root, or None.
    """
    found: list[DeclaredFunction] = []
    troubles: list[TemplateTrouble] = []
    hcl: dict[str, dict[str, Any]] = {}
    for path, content in sorted(files.items()):
        meant = len(files) == 1 or PurePosixPath(path).name in TEMPLATE_NAMES or path.endswith(".tf")
        try:
            if path.endswith(".tf"):
                hcl[path] = terraform.load_hcl(content)
                continue
            document = load(content, json=path.endswith(".json"))
            functions = _functions(path, document, beside)
        except Unreadable as error:
            if meant:
                troubles.append(TemplateTrouble(file=path, line=error.line, sentence=error.sentence))
            continue
        if functions is None:
            if meant:
                sentence = "It is no template of SAM, CloudFormation, Serverless, Terraform or up."
                if cloud := serverless.provider_of(document):
                    sentence = f"It is a serverless.yml for {cloud}, not for AWS."
                troubles.append(TemplateTrouble(file=path, line=0, sentence=sentence))
            continue
        found += functions
    found += terraform.from_hcl(hcl)
    return Declaration(functions=tuple(_apart(found)), troubles=tuple(troubles))


def _apart(functions: Iterable[DeclaredFunction]) -> Iterator[DeclaredFunction]:
    """Tell functions of one name apart by the folders of their templates, and then by number."""
    functions = list(functions)
    names = Counter(one.name for one in functions)
    taken: set[str] = set()
    for one in functions:
        name = one.name
        if names[name] > 1:
            name = posixpath.join(posixpath.dirname(one.file), name)
        plain, number = name, 2
        while name in taken:
            name, number = f"{plain}-{number}", number + 1
        taken.add(name)
        yield one if name == one.name else replace(one, name=name)


def _functions(
    path: str, document: dict[str, Any], beside: Callable[[str], bytes | None]
) -> list[DeclaredFunction] | None:
    """Give a document's functions; None when it is no template that we know."""
    if terraform.is_plan(document):
        return list(terraform.from_plan(path, document))
    if PurePosixPath(path).name == "up.json":
        return [up.function(path, document)]
    if serverless.is_template(document):
        return list(serverless.functions(path, document, beside))
    if cloudformation.is_template(document):
        return list(cloudformation.functions(path, document))
    return None
