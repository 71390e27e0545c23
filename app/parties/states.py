"""What kinds of parties there are, and the life of an organisation."""

from enum import StrEnum


class OrganisationKind(StrEnum):
    """What an organisation is in the market."""

    UNIVERSITY = "university"
    INSTITUTE = "institute"
    ENTERPRISE = "enterprise"
    BROKER = "broker"
    EXCHANGE_OPERATOR = "exchange_operator"
    REGISTRATION_OFFICE = "registration_office"
    REGULATOR = "regulator"


class Role(StrEnum):
    """What a person may do in an organisation."""

    ORGANISATION_ADMIN = "organisation_admin"
    TRADER = "trader"
    OPERATOR = "operator"
    REGISTRAR = "registrar"
    REGULATOR = "regulator"
    PLATFORM_ADMIN = "platform_admin"


class OrganisationState(StrEnum):
    """Life of an organisation on the platform."""

    PENDING = "pending"
    ACTIVE = "active"
    REJECTED = "rejected"
    SUSPENDED = "suspended"


MOVES: dict[tuple[OrganisationState, str], OrganisationState] = {
    (OrganisationState.PENDING, "approve"): OrganisationState.ACTIVE,
    (OrganisationState.PENDING, "reject"): OrganisationState.REJECTED,
    (OrganisationState.ACTIVE, "suspend"): OrganisationState.SUSPENDED,
    (OrganisationState.SUSPENDED, "reinstate"): OrganisationState.ACTIVE,
}

_TRADING = {Role.ORGANISATION_ADMIN, Role.TRADER}
ROLES_OF_KIND: dict[OrganisationKind, frozenset[Role]] = {
    OrganisationKind.UNIVERSITY: frozenset(_TRADING),
    OrganisationKind.INSTITUTE: frozenset(_TRADING),
    OrganisationKind.ENTERPRISE: frozenset(_TRADING),
    OrganisationKind.BROKER: frozenset(_TRADING),
    OrganisationKind.EXCHANGE_OPERATOR: frozenset(
        {Role.ORGANISATION_ADMIN, Role.OPERATOR, Role.PLATFORM_ADMIN}
    ),
    OrganisationKind.REGISTRATION_OFFICE: frozenset({Role.ORGANISATION_ADMIN, Role.REGISTRAR}),
    OrganisationKind.REGULATOR: frozenset({Role.ORGANISATION_ADMIN, Role.REGULATOR}),
}

SCOPES: frozenset[str] = frozenset({"read", "trade", "import"})
"""What an API key or a mandate can be given: reading, acts of trade, bulk import."""
