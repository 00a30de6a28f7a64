"""Filters and tags for all templates: shapes of statuses, numbers, times, and lengths of drawings."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django import template
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django_htmx.jinja import htmx_script as _htmx_script

from cutover.noise.significance import LEAST, LEAST_PAIRS, Evidence
from dashboard.rule_words import said
from dashboard.words import MARKS, READ_AS, UNDOS, WATCHED, WORDS, Mark
from migrations_app.selectors.assessment import standing as _standing

register = template.Library()

_HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_SHAPES = {
    "ok": '<circle cx="7" cy="7" r="6" fill="none" stroke="currentColor" stroke-width="1.6"/>'
    '<path d="M4.2 7.2 6.2 9.2 9.9 5" fill="none" stroke="currentColor" stroke-width="1.6"/>',
    "bad": '<path d="M4.5 1h5L13 4.5v5L9.5 13h-5L1 9.5v-5z" fill="currentColor"/>'
    '<path d="M4.8 4.8l4.4 4.4M9.2 4.8L4.8 9.2" class="ko"/>',
    "warn": '<path d="M7 1.2 13.3 12.6H.7z" fill="none" stroke="currentColor" stroke-width="1.6" '
    'stroke-linejoin="round"/><path d="M7 5.2v3.4M7 10.1v1" stroke="currentColor" stroke-width="1.5"/>',
    "wait": '<circle cx="7" cy="7" r="6" fill="none" stroke="currentColor" stroke-width="1.6"/>'
    '<path d="M7 1a6 6 0 0 1 0 12z" fill="currentColor"/>',
    "err": '<path d="M7 .8 13.2 7 7 13.2.8 7z" fill="none" stroke="currentColor" stroke-width="1.6"/>'
    '<path d="M5.4 5.5a1.7 1.7 0 1 1 2.3 1.7c-.5.2-.7.5-.7 1M7 9.4v1" stroke="currentColor" '
    'stroke-width="1.3" fill="none"/>',
    "off": '<circle cx="7" cy="7" r="5.6" fill="none" stroke="currentColor" stroke-width="1.4" '
    'stroke-dasharray="2.4 2"/>',
    "hold": '<rect x="2" y="1.5" width="3.4" height="11" rx="1" fill="currentColor"/>'
    '<rect x="8.6" y="1.5" width="3.4" height="11" rx="1" fill="currentColor"/>',
    "back": '<path d="M6 2 2 6l4 4M2.4 6H9a3.6 3.6 0 0 1 0 7H6" fill="none" stroke="currentColor" '
    'stroke-width="1.7"/>',
    "slash": '<circle cx="7" cy="7" r="5.8" fill="none" stroke="currentColor" stroke-width="1.4"/>'
    '<path d="M3 11 11 3" stroke="currentColor" stroke-width="1.4"/>',
    "dot": '<circle cx="7" cy="7" r="3.4" fill="currentColor"/>',
}


@register.simple_tag
def shape(name: str, size: int = 14) -> SafeString:
    """Draw one of the status shapes."""
    return mark_safe(  # noqa: S308 - constants of this module
        f'<svg width="{int(size)}" height="{int(size)}" viewBox="0 0 14 14" aria-hidden="true">'
        f"{_SHAPES.get(name, _SHAPES['off'])}</svg>"
    )


@register.simple_tag
def status(table: str, word: str, pill: str = "", prefix: str = "") -> SafeString:
    """Draw a status: shape and word. ``table`` is a name in ``words.MARKS``."""
    return _draw(MARKS[table](word or ""), pill, prefix)


@register.simple_tag
def watched() -> SafeString:
    """Draw the status of a check that is observed only."""
    return _draw(WATCHED, "", "")


@register.simple_tag
def status_shape(table: str, word: str, size: int = 14) -> SafeString:
    """Draw a status as its shape alone, with the word for screen readers."""
    mark = MARKS[table](word or "")
    return format_html(
        '<span class="st {}">{}<span class="vh">{}</span></span>',
        mark.hue,
        shape(mark.shape, size),
        mark.word,
    )


def _draw(mark: Mark, pill: str, prefix: str) -> SafeString:
    return format_html(
        '<span class="st {}{}">{}{}{}</span>',
        mark.hue,
        " pill" if pill else "",
        shape(mark.shape),
        prefix,
        mark.word,
    )


@register.filter
def word(value: str, table: str) -> Any:
    """Give the reader's word for a rule's word."""
    return WORDS[table].get(value, value)


@register.filter
def standing(readiness: Mapping[str, Any]) -> str:
    """Give how far from FC a function is, as a word of the table "readiness"."""
    return _standing(readiness)


@register.filter
def diff_lines(text: str) -> list[tuple[str, str]]:
    """Give a unified diff line by line, each with its style: add, del, hunk or nothing."""
    styles = (("+++", "hunk"), ("---", "hunk"), ("@@", "hunk"), ("+", "add"), ("-", "del"))
    return [
        (next((style for sign, style in styles if line.startswith(sign)), ""), line)
        for line in text.splitlines(keepends=True)
    ]


@register.filter
def share(weight_bp: int | None) -> str:
    """Give basis points as a percentage without needless digits: 500 is 5%."""
    return "—" if weight_bp is None else f"{weight_bp / 100:g}%"


@register.filter
def percent_number(weight_bp: int | None) -> str:
    """Give basis points as a bare percentage, fit for an attribute: 50 is 0.5."""
    return f"{(weight_bp or 0) / 100:g}"


@register.filter
def rest(weight_bp: int | None) -> int:
    """Give AWS's part of the traffic, in basis points."""
    return 10_000 - (weight_bp or 0)


@register.filter
def number(value: float | None) -> str:
    """Give a number with thousands separated."""
    if value is None:
        return "—"
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 100 else f"{value:,.1f}"


@register.filter
def ms(value: float | None) -> str:
    """Give milliseconds, or seconds from ten thousand on."""
    if value is None:
        return "—"
    if value >= 10_000:
        return _("%(n)s s") % {"n": f"{value / 1000:,.1f}"}
    return _("%(n)s ms") % {"n": f"{value:,.0f}" if value >= 10 else f"{value:.1f}"}


@register.filter
def clock(value: dt.datetime | str | None) -> SafeString | str:
    """Give a moment as 05:41:07 (with the date when it is not today) in a time element."""
    moment = _moment(value)
    if moment is None:
        return "—"
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        moment.isoformat(),
        f"{moment:%Y-%m-%d %H:%M:%S}",
        clock_text(moment),
    )


def clock_text(value: dt.datetime | str | None) -> str:
    """Give a moment as text alone, for sentences."""
    moment = _moment(value)
    if moment is None:
        return "—"
    today = moment.date() == timezone.now().date()
    return f"{moment:%H:%M:%S}" if today else f"{day(moment)} {moment:%H:%M}"


@register.filter
def day(value: dt.datetime | str | None) -> str:
    """Give a date as 2 Oct, or as Chinese readers write it."""
    moment = _moment(value)
    if moment is None:
        return "—"
    months = _("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec").split()
    return pgettext("date", "%(day)s %(month)s") % {"day": moment.day, "month": months[moment.month - 1]}


@register.filter
def ago(value: dt.datetime | str | None) -> str:
    """Give how long ago, in one unit: 8 s ago."""
    moment = _moment(value)
    if moment is None:
        return ""
    seconds = max(0, int((timezone.now() - moment).total_seconds()))
    if seconds < 90:
        return _("%(n)s s ago") % {"n": seconds}
    if seconds < 5400:
        return _("%(n)s min ago") % {"n": seconds // 60}
    if seconds < 129_600:
        return _("%(n)s h ago") % {"n": seconds // 3600}
    days = seconds // 86_400
    return ngettext("%(n)s day ago", "%(n)s days ago", days) % {"n": days}


@register.filter
def span(seconds: float | None) -> str:
    """Give a length of time in its natural unit: 0.41 s, 60 s, 10 min, 24 h, 14 days."""
    if seconds is None:
        return "—"
    if seconds < 120:
        return _("%(n)s s") % {"n": f"{seconds:.2f}".rstrip("0").rstrip(".")}
    if seconds < 7200:
        return _("%(n)s min") % {"n": f"{seconds / 60:g}"}
    if seconds < 172_800:
        return _("%(n)s h") % {"n": f"{seconds / 3600:g}"}
    return _("%(n)s days") % {"n": f"{seconds / 86_400:g}"}


@register.filter
def short(value: object, length: int = 12) -> str:
    """Give the beginning of a long id."""
    text = str(value or "")
    return text if len(text) <= length else f"{text[:length]}…"


@register.filter
def shown(text: str) -> str:
    """Give text with what cannot be seen (control characters, bidi overrides) written as escapes."""
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", str(text or ""))


@register.filter(name="said")
def said_by_rules(text: str) -> str:
    """Give what a rule of the assessment said in the reader's language."""
    return said(text)


@register.filter
def compact(document: Any) -> str:
    """Give a JSON document in one line, with what cannot be seen written as escapes."""
    return shown(json.dumps(document, ensure_ascii=False, separators=(", ", ": ")))


@register.filter
def read_as(evidence: Evidence) -> str:
    """Say what the counts of a field mean, with their numbers."""
    return str(READ_AS[evidence.reading.value]) % {
        "itself": number(evidence.itself),
        "itself_pairs": number(evidence.itself_pairs),
        "candidate": number(evidence.candidate),
        "candidate_pairs": number(evidence.candidate_pairs),
        "p": f"{evidence.p:.2g}",
        "level": f"{evidence.level:.2g}",
        "least": LEAST,
        "least_pairs": LEAST_PAIRS,
    }


@register.filter
def undo_words(undo: Any) -> str:
    """Say how an action is taken back: a planned ``Undo``, or its document in a row."""
    kind, request = (
        (undo["kind"], undo["request"]) if isinstance(undo, Mapping) else (undo.kind, undo.request)
    )
    if kind == "aws.alias.route-back":
        weights = ", ".join(
            _("version %(version)s at %(share)s") % {"version": version, "share": share(weight)}
            for version, weight in (request.get("weights") or {}).items()
        )
        text = (
            _("%(alias)s back to version %(version)s")
            if not weights
            else _("%(alias)s back to version %(version)s, %(weights)s")
        )
        return text % {"alias": request["alias"], "version": request["version"], "weights": weights}
    return str(UNDOS.get(kind, kind))


@register.filter
def get(mapping: Mapping[Any, Any] | None, key: Any) -> Any:
    """Look a key up; empty when it is not there."""
    return (mapping or {}).get(key, "")


@register.simple_tag(takes_context=True)
def with_query(context: Mapping[str, Any], **changes: Any) -> str:
    """Give the page's address with some of its parameters changed; an empty value takes one out."""
    request: HttpRequest = context["request"]
    query = {**request.GET.dict(), **{name: str(value) for name, value in changes.items()}}
    kept = {name: value for name, value in query.items() if value}
    return f"{request.path}?{urlencode(kept)}" if kept else request.path


@register.simple_tag
def htmx_script() -> SafeString:
    """Load htmx with its extension for server-sent events, from our own origin."""
    return _htmx_script(extensions="hx-sse")


def _moment(value: dt.datetime | str | None) -> dt.datetime | None:
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            return None
    return value.astimezone(dt.UTC) if value else None
