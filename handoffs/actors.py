"""Who did it, under the two names they go by."""

from dataclasses import dataclass

from handoffs.states import ActorKind


@dataclass(frozen=True, kw_only=True)
class Actor:
    """A doer. `name` goes to transitions and answers, `audit_name` to the audit log.

    A person's `name` is the role they acted in: what everyone may read never names a person.
    """

    kind: ActorKind
    name: str
    audit_name: str


POLICY = Actor(kind=ActorKind.POLICY, name="policy", audit_name="policy")
SYSTEM = Actor(kind=ActorKind.SYSTEM, name="system", audit_name="system")
# whoever has the link of their page: nobody knows who that is
REQUESTER = Actor(kind=ActorKind.PERSON, name="requester", audit_name="requester")


def client_actor(name: str, prefix: str) -> Actor:
    """Name a client, and for the audit log also the key it used."""
    return Actor(kind=ActorKind.CLIENT, name=name, audit_name=f"{name} ({prefix}…)")


def person_actor(user_id: int, role_name: str) -> Actor:
    """Name a person: the role in public, the user for the audit log."""
    return Actor(kind=ActorKind.PERSON, name=role_name, audit_name=f"user {user_id}")
