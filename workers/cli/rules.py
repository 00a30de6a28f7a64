"""`rule`: accepted differences, tried before they are saved."""

from __future__ import annotations

import argparse
from typing import Any

from django.db.models import Q

from cutover.errors import BadInput
from migrations_app.models import FunctionMigration, Rule
from migrations_app.services import rules, rules_input, rules_trials
from workers.cli.frame import Answer, Context, table
from workers.cli.lookup import function_named


def register(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Add the verbs of this group."""
    rule = verbs.add_parser("rule", help="manage accepted differences").add_subparsers(
        dest="deed", metavar="DEED", required=True
    )
    deed = rule.add_parser("try", parents=[common], help="say what a rule would hide; nothing is saved")
    _of_rule(deed)
    deed.set_defaults(run=try_rule)
    deed = rule.add_parser(
        "add", parents=[common], help="accept a difference; stored pairs are compared anew"
    )
    _of_rule(deed)
    deed.add_argument("--name", required=True)
    deed.add_argument("--reason", required=True)
    deed.add_argument("--everywhere", action="store_true", help="for all functions")
    deed.set_defaults(run=add_rule)
    deed = rule.add_parser("list", parents=[common], help="rules that hold for a function")
    deed.add_argument("function", metavar="FUNCTION")
    deed.add_argument("--retired", action="store_true", help="also those that were retired")
    deed.set_defaults(run=list_rules)
    deed = rule.add_parser("retire", parents=[common], help="stop accepting a difference")
    deed.add_argument("rule", metavar="RULE", type=int, help="its number")
    deed.add_argument("--reason", default="")
    deed.set_defaults(run=retire_rule)
    deed = rule.add_parser("restore", parents=[common], help="switch a retired rule on again")
    deed.add_argument("rule", metavar="RULE", type=int, help="its number")
    deed.add_argument("--reason", required=True)
    deed.set_defaults(run=restore_rule)
    deed = rule.add_parser("remove", parents=[common], help="take a rule out of all lists")
    deed.add_argument("rule", metavar="RULE", type=int, help="its number")
    deed.add_argument("--reason", default="")
    deed.set_defaults(run=remove_rule)
    deed = rule.add_parser("effect", parents=[common], help="say what switching a rule off, or on, changes")
    deed.add_argument("rule", metavar="RULE", type=int, help="its number")
    deed.set_defaults(run=effect_of_rule)


def _of_rule(deed: argparse.ArgumentParser) -> None:
    deed.add_argument("function", metavar="FUNCTION")
    deed.add_argument("--kind", required=True, choices=rules_input.KINDS)
    deed.add_argument(
        "--pointer", required=True, help="JSON pointer, * for one segment; logs; or effects/TWIN/KEY"
    )
    deed.add_argument(
        "--value",
        default="",
        help="pattern of pattern or mask; shape such as uuid; tolerance such as 0.01 or 1%%; field of keyed",
    )


def _tried(context: Context, function: FunctionMigration, name: str) -> rules_trials.Preview:
    options = context.options
    return rules_trials.preview(
        function, name=name, kind=options.kind, pointer=options.pointer, value=options.value
    )


def try_rule(context: Context) -> Answer:
    """Say what a rule would hide among the newest stored pairs."""
    tried = _tried(context, function_named(context.options.function), "this rule")
    rows = [(one.template or "/", one.kind, one.pairs, one.primary, one.candidate) for one in tried.hidden]
    kept = f" {tried.kept} pairs cannot be compared anew: cut or redacted." if tried.kept else ""
    text = f"It would change {tried.changed} of the {tried.pairs} latest pairs.{kept}"
    if rows:
        text += "\n" + table(("FIELD", "DIFFERENCE", "PAIRS", "AWS", "FC"), rows)
    return Answer(document=rules_trials.preview_document(tried), text=text)


def add_rule(context: Context) -> Answer:
    """Accept a difference."""
    options = context.options
    function = function_named(options.function)
    effect = _tried(context, function, options.name)
    row = rules.add(
        None if options.everywhere else function.pk,
        name=options.name,
        kind=options.kind,
        pointer=options.pointer,
        value=options.value,
        reason=options.reason,
        actor=context.actor,
    )
    return Answer(
        document=rules.document(row) | {"changed": effect.changed, "pairs": effect.pairs},
        text=f"Rule {row.pk} '{row.name}' holds from now on. It changes {effect.changed} of the "
        f"{effect.pairs} latest pairs; stored pairs are being compared anew, and verdict and phase follow.",
    )


def list_rules(context: Context) -> Answer:
    """Give the rules that hold for a function."""
    function = function_named(context.options.function)
    rows = Rule.objects.filter(Q(function=function) | Q(function=None)).order_by("pk")
    if not context.options.retired:
        rows = rows.filter(retired_at=None)
    found = [rules.document(row) for row in rows]
    text = table(
        ("RULE", "NAME", "KIND", "POINTER", "REASON", "AUTHOR"),
        [
            (one["id"], one["name"], one["kind"], one["pointer"], one["reason"], one["author"])
            for one in found
        ],
    )
    return Answer(document=found, text=text)


def retire_rule(context: Context) -> Answer:
    """Stop accepting a difference."""
    row = rules.retire(context.options.rule, actor=context.actor, reason=context.options.reason)
    return Answer(
        document=rules.document(row),
        text=f"Rule {row.pk} '{row.name}' is retired; stored pairs are being compared anew.",
    )


def restore_rule(context: Context) -> Answer:
    """Switch a retired rule on again."""
    row = rules.restore(context.options.rule, actor=context.actor, reason=context.options.reason)
    return Answer(
        document=rules.document(row),
        text=f"Rule {row.pk} '{row.name}' holds again; stored pairs are being compared anew.",
    )


def remove_rule(context: Context) -> Answer:
    """Take a rule out of all lists."""
    number = context.options.rule
    row = rules.remove(number, actor=context.actor, reason=context.options.reason)
    return Answer(
        document=rules.document(row) | {"id": number},
        text=f"Rule {number} '{row.name}' is removed; stored pairs are compared anew if it held.",
    )


def effect_of_rule(context: Context) -> Answer:
    """Say for each function what switching a rule off, or on again, would change; nothing is done."""
    row = Rule.objects.select_related("function__connection").filter(pk=context.options.rule).first()
    if row is None:
        raise BadInput(f"There is no rule {context.options.rule}.")
    found = [
        {"function": one.function.name, **rules_trials.preview_document(one.tried)}
        for one in rules_trials.effects(row)
    ]
    lines = [
        f"{one['function']}: {one['changed']} of {one['pairs']} pairs would have another outcome"
        + (f"; verdict {one['verdict']['before']} -> {one['verdict']['after']}." if one["verdict"] else ".")
        for one in found
    ]
    return Answer(document=found, text="\n".join(lines) or "No function was validated yet.")
