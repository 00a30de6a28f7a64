"""Forms of suites and validations: where events come from, and what a run shall be."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from cutover.suites import GENERATED, Reading, read_entries
from dashboard.forms import Plain
from migrations_app.models import FunctionMigration
from migrations_app.services import suites_drafts, validation

MOST_FILE_BYTES = 5_000_000
_APART = re.compile(r"[,，\n]+")


def words_of(text: str) -> list[str]:
    """Give the words of a text with commas; a word may hold a space."""
    return [word.strip() for word in _APART.split(text) if word.strip()]


class IntoForm(Plain):
    """Which suite gathered events go to."""

    name = forms.CharField(label=gettext_lazy("Suite"), max_length=80, initial="default")
    tags = forms.CharField(
        label=gettext_lazy("Tags for each of them"), max_length=400, required=False, empty_value=""
    )
    append = forms.TypedChoiceField(
        label=gettext_lazy("Events that are there"),
        choices=[("", gettext_lazy("Replace them")), ("1", gettext_lazy("Keep them"))],
        coerce=bool,
        empty_value=False,  # type: ignore[arg-type]  # TypedChoiceField gives it as it is
        required=False,
    )

    def clean_tags(self) -> list[str]:
        """Give the words."""
        return words_of(self.cleaned_data["tags"])

    @property
    def given(self) -> dict[str, Any]:
        """Give what every way of gathering takes."""
        return {name: self.cleaned_data[name] for name in ("name", "tags", "append")}


class ImportForm(IntoForm):
    """Events as JSON (one value or a list) or JSON Lines, pasted or as a file."""

    text = forms.CharField(
        label=gettext_lazy("Events, as JSON or JSON Lines"),
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        required=False,
        strip=False,
    )
    file = forms.FileField(label=gettext_lazy("Or a file"), required=False)
    field_order = ("text", "file", "name", "tags", "append")

    def clean(self) -> dict[str, Any]:
        """Read what was given as ``reading``; what is no event is named in it and is no error."""
        cleaned = super().clean() or {}
        upload = cleaned.get("file")
        if upload is not None and upload.size > MOST_FILE_BYTES:
            raise forms.ValidationError(_("The file is larger than 5 MB. Import fewer events."))
        content: bytes = upload.read() if upload is not None else cleaned.get("text", "").encode()
        cleaned["reading"] = read_entries(content) if content.strip() else Reading(entries=())
        return cleaned


class GenerateForm(IntoForm):
    """Sample events, of the function's triggers unless kinds are chosen."""

    kinds = forms.MultipleChoiceField(
        label=pgettext_lazy("event", "Kinds"),
        choices=[(kind, kind) for kind in GENERATED],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    count = forms.IntegerField(
        label=gettext_lazy("Events of each kind"), min_value=1, max_value=1000, required=False
    )
    seed = forms.IntegerField(label=gettext_lazy("Seed"), min_value=0, initial=1)
    field_order = ("kinds", "count", "seed", "name", "tags", "append")


class LogsForm(IntoForm):
    """Events in the function's own logs."""

    hours = forms.FloatField(
        label=gettext_lazy("Hours back"), min_value=0.1, max_value=suites_drafts.MOST_HOURS, initial=24
    )
    limit = forms.IntegerField(
        label=gettext_lazy("Events at most"), min_value=1, max_value=suites_drafts.MOST_FOUND, initial=100
    )
    field_order = ("hours", "limit", "name", "tags", "append")


class LiveForm(IntoForm):
    """Events that the tap reported."""

    limit = forms.IntegerField(
        label=gettext_lazy("Events at most"), min_value=1, max_value=suites_drafts.MOST_FOUND, initial=100
    )
    field_order = ("limit", "name", "tags", "append")


class TagsForm(Plain):
    """Tags to add or to take away, of the events that were ticked."""

    tags = forms.CharField(label=gettext_lazy("Tags"), max_length=400)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def clean_tags(self) -> list[str]:
        """Give the words."""
        return words_of(self.cleaned_data["tags"])


class RunForm(Plain):
    """What a validation shall be. Empty: as the policy says, or no bound."""

    suite = forms.ChoiceField(label=gettext_lazy("Suite"), required=False)
    tags = forms.CharField(
        label=gettext_lazy("Only events with one of these tags"), max_length=400, required=False
    )
    pairs = forms.IntegerField(
        label=gettext_lazy("Events sent to each side"),
        min_value=1,
        max_value=validation.MOST_PAIRS,
        required=False,
    )
    budget_gb_s = forms.FloatField(
        label=gettext_lazy("Stop after so many GB-seconds of both sides"), min_value=0.001, required=False
    )
    concurrency = forms.IntegerField(
        label=gettext_lazy("Calls in flight"),
        min_value=1,
        max_value=validation.MOST_CONCURRENCY,
        required=False,
    )
    primary_url = forms.CharField(
        label=gettext_lazy("Address that stands for AWS"), max_length=300, required=False
    )
    candidate_url = forms.CharField(
        label=gettext_lazy("Address that stands for FC"), max_length=300, required=False
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=400, required=False)
    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(self, *args: Any, names: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = names or ["default"]
        self.fields["suite"].choices = [(name, name) for name in chosen]  # type: ignore[attr-defined]

    @property
    def wanted(self) -> validation.Wanted:
        """Give the run that was asked for."""
        given = self.cleaned_data
        return validation.Wanted(
            suite=given["suite"] or "default",
            tags=words_of(given["tags"]),
            concurrency=given["concurrency"] or validation.Wanted().concurrency,
            budget_gb_s=given["budget_gb_s"],
            primary_url=given["primary_url"].strip(),
            candidate_url=given["candidate_url"].strip(),
        )


def gathering(function: FunctionMigration, name: str, *, known: list[str]) -> dict[str, Any]:
    """Give the forms that gather events into a suite, unbound. ``known``: kinds of its triggers."""
    initial = {"name": name}
    return {
        "import_form": ImportForm(initial=initial),
        "generate_form": GenerateForm(initial=initial | {"kinds": known}, auto_id="gen_%s"),
        "logs_form": LogsForm(initial=initial, auto_id="logs_%s"),
        "live_form": LiveForm(initial={"name": "live"}, auto_id="live_%s"),
    }
