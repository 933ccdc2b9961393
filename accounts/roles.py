"""Who may do what, by role, never by name."""

from enum import StrEnum


class Role(StrEnum):
    REVIEWER = "reviewer"
    APPROVER = "approver"
    MANAGER = "manager"
    WORKFLOW_OWNER = "workflow_owner"
    AUDITOR = "auditor"
    PRODUCT_SIGNER = "product_signer"
    COMPLIANCE_SIGNER = "compliance_signer"
    ENGINEERING_SIGNER = "engineering_signer"


class Can(StrEnum):
    DECIDE = "decide"
    EDIT_MATRIX = "edit_matrix"
    EDIT_WORKFLOW = "edit_workflow"
    MANAGE_PEOPLE = "manage_people"
    MANAGE_KEYS = "manage_keys"
    READ_AUDIT = "read_audit"
    READ_GOVERNANCE = "read_governance"
    SIGN_MAP = "sign_map"
    STOP_EVERYTHING = "stop_everything"


GRANTS: dict[Role, frozenset[Can]] = {
    Role.REVIEWER: frozenset({Can.DECIDE, Can.READ_GOVERNANCE}),
    Role.APPROVER: frozenset({Can.DECIDE, Can.READ_GOVERNANCE}),
    Role.MANAGER: frozenset(
        {
            Can.EDIT_MATRIX,
            Can.EDIT_WORKFLOW,
            Can.MANAGE_PEOPLE,
            Can.MANAGE_KEYS,
            Can.READ_AUDIT,
            Can.READ_GOVERNANCE,
            Can.STOP_EVERYTHING,
        }
    ),
    Role.WORKFLOW_OWNER: frozenset({Can.EDIT_MATRIX, Can.EDIT_WORKFLOW, Can.READ_GOVERNANCE}),
    Role.AUDITOR: frozenset({Can.READ_AUDIT, Can.READ_GOVERNANCE}),
    Role.PRODUCT_SIGNER: frozenset({Can.SIGN_MAP, Can.READ_GOVERNANCE}),
    Role.COMPLIANCE_SIGNER: frozenset({Can.SIGN_MAP, Can.READ_GOVERNANCE}),
    Role.ENGINEERING_SIGNER: frozenset({Can.SIGN_MAP, Can.READ_GOVERNANCE}),
}

# why a role exists, shown where roles are given
REASONS: dict[Role, str] = {
    Role.REVIEWER: "Takes handoffs from the queues of their teams and decides them.",
    Role.APPROVER: "Decides single handoffs that a team or a link brings to them.",
    Role.MANAGER: "Says who may decide what, by when, with which safeguards.",
    Role.WORKFLOW_OWNER: "Answers for a workflow: its thresholds, routing and review date.",
    Role.AUDITOR: "Reads everything that was decided and changes nothing.",
    Role.PRODUCT_SIGNER: "Signs risk tier maps for product: what customers will meet.",
    Role.COMPLIANCE_SIGNER: "Signs risk tier maps for legal and compliance: what we owe.",
    Role.ENGINEERING_SIGNER: "Signs risk tier maps for engineering: what the agents really send.",
}


def grants(roles: list[str]) -> frozenset[Can]:
    """Return every capability that any of `roles` gives; unknown names give nothing."""
    return frozenset().union(*(GRANTS[Role(role)] for role in roles if role in set(Role)))
