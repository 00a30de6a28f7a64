"""The Node adapter runs on every Node of FC, the oldest of which is 12: nothing newer is written in it.

Source: node.green, syntax and builtins by release of Node.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import tree_sitter_javascript
from tree_sitter import Language, Parser, Query, QueryCursor

import adapters

FILES = sorted((Path(adapters.__file__).parent / "fc_node").rglob("*.*js"))
LANGUAGE = Language(tree_sitter_javascript.language())
NEWER_SYNTAX = """
(optional_chain) @found
(binary_expression operator: "??") @found
(augmented_assignment_expression operator: ["??=" "||=" "&&="]) @found
(private_property_identifier) @found
(class_static_block) @found
(field_definition) @found
"""
NEWER_BUILTINS = re.compile(
    r"require\(['\"]node:|\.replaceAll\(|\.at\(|Object\.hasOwn\(|structuredClone|Promise\.any\(|\.findLast\("
    r"|\.toSorted\(|\bfetch\(|AbortController|WeakRef|\.groupBy\("
)


@pytest.mark.parametrize("file", FILES, ids=[one.name for one in FILES])
def test_it_has_nothing_that_node_12_lacks(file: Path) -> None:
    text = file.read_bytes()
    tree = Parser(LANGUAGE).parse(text)
    found = QueryCursor(Query(LANGUAGE, NEWER_SYNTAX)).captures(tree.root_node).get("found", [])
    assert not tree.root_node.has_error
    assert [node.start_point.row + 1 for node in found] == []
    assert NEWER_BUILTINS.findall(text.decode()) == []


def test_newer_syntax_would_be_found() -> None:
    tree = Parser(LANGUAGE).parse(b"const a = b?.c ?? d; class E { #f = 1; static {} } a ||= 1;")
    found = QueryCursor(Query(LANGUAGE, NEWER_SYNTAX)).captures(tree.root_node)["found"]
    assert len(found) >= 5
