"""Every role and every capability, pair by pair."""

import pytest

from accounts.models import User
from accounts.roles import GRANTS, REASONS, Can, Role, grants

TABLE = {
    Role.REVIEWER: {Can.DECIDE, Can.READ_GOVERNANCE},
    Role.APPROVER: {Can.DECIDE, Can.READ_GOVERNANCE},
    Role.MANAGER: set(Can) - {Can.DECIDE, Can.SIGN_MAP},
    Role.WORKFLOW_OWNER: {Can.EDIT_MATRIX, Can.EDIT_WORKFLOW, Can.READ_GOVERNANCE},
    Role.AUDITOR: {Can.READ_AUDIT, Can.READ_GOVERNANCE},
    Role.PRODUCT_SIGNER: {Can.SIGN_MAP, Can.READ_GOVERNANCE},
    Role.COMPLIANCE_SIGNER: {Can.SIGN_MAP, Can.READ_GOVERNANCE},
    Role.ENGINEERING_SIGNER: {Can.SIGN_MAP, Can.READ_GOVERNANCE},
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("capability", Can)
def test_a_role_gives_what_the_table_says(role: Role, capability: Can) -> None:
    person = User(roles=[role.value], is_active=True)

    assert person.can(capability) == (capability in TABLE[role])


def test_nobody_who_decides_also_sets_the_rules() -> None:
    deciders = {role for role in Role if Can.DECIDE in GRANTS[role]}

    assert all(GRANTS[role] <= {Can.DECIDE, Can.READ_GOVERNANCE} for role in deciders)


@pytest.mark.parametrize("capability", Can)
def test_an_inactive_person_may_do_nothing(capability: Can) -> None:
    assert not User(roles=[role.value for role in Role], is_active=False).can(capability)


def test_being_superuser_gives_no_capability() -> None:
    assert not any(User(is_superuser=True, is_staff=True).can(capability) for capability in Can)


def test_an_unknown_role_gives_nothing() -> None:
    assert grants(["emperor"]) == frozenset()


def test_every_role_says_why_it_exists() -> None:
    assert set(REASONS) == set(Role)
