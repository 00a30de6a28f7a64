"""Forms: what a person types, checked before a service sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from cutover.comparison.model import RuleKind
from dashboard.words import EFFECTS, ROLES, RULES
from migrations_app.models import Connection, Policy
from migrations_app.services import tokens, validation
from migrations_app.services.people import Role


class Plain(forms.Form):
    """A form whose fields carry the pages' classes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if not isinstance(field.widget, forms.CheckboxInput | forms.HiddenInput):
                field.widget.attrs.setdefault("class", "t")

    @property
    def first_error(self) -> str:
        """Give one sentence: the first field's error with its label."""
        for name, errors in self.errors.items():
            label = self.fields[name].label if name in self.fields else ""
            return f"{label}: {errors[0]}" if label else str(errors[0])
        return ""


class ReasonForm(Plain):
    """A reason, the version seen, and the key that makes the form count once."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=400)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)


class MoveForm(ReasonForm):
    """What the plan page posts. ``weight`` in percent; ``confirm``: the name, for what has no undo."""

    weight = forms.DecimalField(required=False, min_value=0, max_value=100, decimal_places=2)
    ladder = forms.CharField(required=False, max_length=80)
    confirm = forms.CharField(required=False, max_length=140, strip=True)

    def clean_ladder(self) -> tuple[int, ...]:
        """Give the steps in basis points, strictly growing; empty when there is no ladder."""
        text = self.cleaned_data["ladder"].replace("%", " ").replace(",", " ").replace("，", " ")
        try:
            steps = tuple(round(float(part) * 100) for part in text.split())
        except ValueError:
            raise forms.ValidationError(
                _("Steps are percentages with commas, such as 1, 5, 25, 50, 100.")
            ) from None
        if list(steps) != sorted(set(steps)) or any(not 0 < bp <= 10_000 for bp in steps):
            raise forms.ValidationError(_("Steps grow, and lie above 0% and at most at 100%."))
        return steps


class DeclareForm(ReasonForm):
    """The side-effect contract."""

    effects = forms.ChoiceField(
        label=gettext_lazy("Side effects"),
        choices=[(word, label) for word, label in EFFECTS.items() if word != "unknown"],
    )
    field_order = ("effects", "reason")


class RuleForm(Plain):
    """A difference that a person accepts."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    kind = forms.ChoiceField(
        label=pgettext_lazy("rule", "Kind"), choices=[(word, RULES[word]) for word in get_args(RuleKind)]
    )
    pointer = forms.CharField(
        label=gettext_lazy("Place"),
        max_length=200,
        help_text=gettext_lazy("/items/*/at, where * is one part; logs; or effects/TWIN/KEY"),
    )
    value = forms.CharField(
        label=gettext_lazy("Pattern, shape, tolerance or field"),
        max_length=200,
        required=False,
        help_text=gettext_lazy(
            "What the kind asks for: a pattern; a shape such as uuid or time; 0.01 or 1%; the field’s name"
        ),
    )
    everywhere = forms.BooleanField(label=gettext_lazy("For all functions"), required=False)
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=400)


class TriedRuleForm(RuleForm):
    """A rule that is only tried: it needs no name and no reason yet."""

    name = forms.CharField(required=False, max_length=80)
    reason = forms.CharField(required=False, max_length=400)


class LearnForm(Plain):
    """A run that learns noise: from how many events of which suite."""

    events = forms.IntegerField(label=gettext_lazy("Events"), min_value=1, max_value=validation.MOST_PAIRS)
    suite = forms.ChoiceField(label=gettext_lazy("Suite"))
    budget_gb_s = forms.FloatField(
        label=gettext_lazy("At most so many GB-seconds"), min_value=0.001, required=False
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=400, required=False)
    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(self, *args: Any, suites: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["suite"].choices = [(name, name) for name in suites]  # type: ignore[attr-defined]


class ReplayForm(Plain):
    """A replay of what the tap reported last."""

    events = forms.IntegerField(label=gettext_lazy("Events"), min_value=1, max_value=validation.MOST_PAIRS)
    budget_gb_s = forms.FloatField(
        label=gettext_lazy("At most so many GB-seconds"), min_value=0.001, required=False
    )
    concurrency = forms.IntegerField(
        label=gettext_lazy("Calls in flight"), min_value=1, max_value=validation.MOST_CONCURRENCY
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=400, required=False)
    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)


class TokenForm(Plain):
    """A token for the REST API: what uses it, how long it works, and the most that it may do."""

    name = forms.CharField(label=gettext_lazy("What uses it"), max_length=80)
    days = forms.TypedChoiceField(
        label=gettext_lazy("Works for"), coerce=int, empty_value=None, required=False, initial="90"
    )
    role = forms.ChoiceField(label=gettext_lazy("May at most"), required=False)

    def __init__(self, *args: Any, held: Role | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        days = [(str(n), ngettext("%(n)s day", "%(n)s days", n) % {"n": n}) for n in tokens.LIFETIMES_DAYS]
        roles = [role for role in Role if held is not None and role.rank <= held.rank]
        self.fields["days"].choices = [*days, ("", _("Until it is revoked"))]  # type: ignore[attr-defined]
        self.fields["role"].choices = [  # type: ignore[attr-defined]
            ("", _("Whatever you may")),
            *((role.value, ROLES[role.value]) for role in roles),
        ]


class NoteForm(Plain):
    """What a person says of a difference."""

    text = forms.CharField(label=gettext_lazy("What is wrong"), max_length=1000)
    part = forms.CharField(widget=forms.HiddenInput, required=False, max_length=10)
    pointer = forms.CharField(widget=forms.HiddenInput, required=False, max_length=200)


class ConnectionForm(Plain):
    """One account in one region of one cloud; names only, never a credential."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=64)
    cloud = forms.ChoiceField(
        label=gettext_lazy("Cloud"), choices=[("aws", "AWS"), ("alibaba", "Alibaba Cloud")]
    )
    region = forms.CharField(label=gettext_lazy("Region"), max_length=40)
    account_id = forms.CharField(label=gettext_lazy("Account id"), max_length=32)
    authentication = forms.ChoiceField(
        label=gettext_lazy("Authentication"), choices=Connection.Authentication.choices
    )
    profile = forms.CharField(label=gettext_lazy("Profile name"), max_length=80, required=False)
    role_arn = forms.CharField(label=gettext_lazy("Role ARN"), max_length=255, required=False)
    external_id = forms.CharField(label=gettext_lazy("External id"), max_length=120, required=False)
    counterpart_name = forms.CharField(
        label=gettext_lazy("Moves to (Alibaba connection)"), max_length=64, required=False
    )
    proxy = forms.CharField(label=gettext_lazy("Proxy"), max_length=255, required=False)

    @property
    def authentication_names(self) -> dict[str, str]:
        """Give the names that the chosen way needs."""
        given = self.cleaned_data
        return {"name": given["profile"], "role_arn": given["role_arn"], "external_id": given["external_id"]}


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """The defaults for all functions."""

    class Meta:
        model = Policy
        exclude = ("ladder",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = "t"
