"""Who works in the demo, and the file that tells a newcomer how to sign in."""

import json
import os
import secrets
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group

from accounts import keys, people
from accounts.models import Client, User
from accounts.queries import client_for_key
from accounts.roles import Role

# address, name, roles, teams
PEOPLE = [
    ("ann@demo.example", "Ann Berger", [Role.REVIEWER], ["refund approvers", "payment approvers"]),
    ("ben@demo.example", "Ben Okafor", [Role.REVIEWER], ["refund approvers"]),
    ("lea@demo.example", "Lea Marchetti", [Role.REVIEWER, Role.APPROVER],
     ["support leads", "finance leads"]),
    ("zoe@demo.example", "Zoe Marin", [Role.APPROVER], ["refund approvers", "payment approvers"]),
    ("mia@demo.example", "Mia Sørensen", [Role.MANAGER], []),
    ("olivia@demo.example", "Olivia Tran", [Role.WORKFLOW_OWNER], []),
    ("amir@demo.example", "Amir Haddad", [Role.AUDITOR], []),
    ("pia@demo.example", "Pia Lindqvist", [Role.PRODUCT_SIGNER], []),
    ("carlo@demo.example", "Carlo Benedetti", [Role.COMPLIANCE_SIGNER], []),
    ("enya@demo.example", "Enya Walsh", [Role.ENGINEERING_SIGNER], []),
]  # fmt: skip


def settle(*, now: datetime) -> Path:
    """Bring people, teams and the agent's key into being and write demo.json; safe to repeat."""
    path = Path(settings.DATA_DIR) / "demo.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    passwords = {one["email"]: one["password"] for one in known.get("people", [])}
    told = {
        "url": settings.PUBLIC_URL,
        "api_key": _key(known.get("api_key", ""), now=now),
        "people": [
            _person(email, name, [*roles], teams, passwords.get(email), now=now)
            for email, name, roles, teams in PEOPLE
        ],
    }
    _write(path, told)
    return path


def _person(
    email: str,
    name: str,
    roles: list[str],
    teams: list[str],
    password: str | None,
    *,
    now: datetime,
) -> dict[str, Any]:
    user = User.objects.filter(email=email).first()
    if user is None:
        groups = [Group.objects.get_or_create(name=team)[0] for team in teams]
        user = people.invite(email=email, name=name, roles=roles, teams=groups, by=None, now=now)
    if password is None or not user.check_password(password):
        password = f"overread-{secrets.randbelow(10**6):06d}"
        user.set_password(password)
        user.save(update_fields=["password"])
    return {"email": email, "password": password, "roles": roles}


def _key(raw: str, *, now: datetime) -> str:
    if raw and client_for_key(raw) is not None:
        return raw
    client, _ = Client.objects.get_or_create(name="demo agent")
    return keys.issue(client, workflows=["*"], by=None, now=now).raw


def _write(path: Path, told: dict[str, Any]) -> None:
    """Replace the file in one step, readable by its owner only: it holds a key."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as file:
        json.dump(told, file, indent=2)
    fresh.replace(path)
