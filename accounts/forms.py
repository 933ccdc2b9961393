"""Fields for people, clients and keys."""

from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.utils import timezone

from accounts.models import ApiKey, Client, ConflictGroup, User
from accounts.queries import EVERY_WORKFLOW
from accounts.roles import REASONS, Role

ROLE_CHOICES = [(role.value, f"{role.value.replace('_', ' ')}: {REASONS[role]}") for role in Role]


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    roles = forms.MultipleChoiceField(
        choices=ROLE_CHOICES, widget=forms.CheckboxSelectMultiple, required=False
    )
    teams = forms.ModelMultipleChoiceField(
        queryset=Group.objects.order_by("name"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="Teams have authority and work queues; people come and go.",
    )

    class Meta:
        model = User
        fields = ["name", "email"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["roles"] = self.instance.roles
            self.initial["teams"] = self.instance.groups.all()

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class ClientForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Client
        fields = ["name", "contact", "can_be_slowed"]


class _People(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: User) -> str:
        """Add the address: names alone do not tell two accounts of one person apart."""
        return f"{obj.name} ({obj.email})"


class ConflictGroupForm(forms.ModelForm):  # type: ignore[type-arg]
    people = _People(
        queryset=User.objects.order_by("name", "email"),
        widget=forms.CheckboxSelectMultiple,
        help_text="Two accounts of one person, a couple, somebody and whom they report to.",
    )

    class Meta:
        model = ConflictGroup
        fields = ["name"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["people"] = self.instance.people.all()


class KeyForm(forms.ModelForm):  # type: ignore[type-arg]
    workflows = forms.CharField(
        help_text=f"Names of workflows, one a line; {EVERY_WORKFLOW} for every workflow.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    class Meta:
        model = ApiKey
        fields = ["client", "expires_at"]

    def clean_workflows(self) -> list[str]:
        names: list[str] = self.cleaned_data["workflows"].split()
        bad = [name for name in names if name != EVERY_WORKFLOW and not _is_slug(name)]
        if bad:
            raise forms.ValidationError(
                f"{bad[0]} is no name of a workflow. Write names like retail-support, one a line."
            )
        return names

    def clean_expires_at(self) -> Any:
        expires_at = self.cleaned_data["expires_at"]
        if expires_at is not None and expires_at <= timezone.now():
            raise forms.ValidationError("This time has passed: the key would never work.")
        return expires_at


def _is_slug(name: str) -> bool:
    return 0 < len(name) <= 60 and all(letter.isalnum() or letter in "-_" for letter in name)
