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

PLATFORM_KINDS: frozenset[OrganisationKind] = frozenset(
    {
        OrganisationKind.EXCHANGE_OPERATOR,
        OrganisationKind.REGISTRATION_OFFICE,
        OrganisationKind.REGULATOR,
    }
)
"""Organisations that run or oversee the market: they and their staff do not bid."""


class RelationKind(StrEnum):
    """How the declaring organisation is related to the other one."""

    CONTROLS = "controls"
    CONTROLLED_BY = "controlled_by"
    SAME_CONTROLLER = "same_controller"
    CLOSE_RELATIVE = "close_relative"
    PLATFORM_STAFF = "platform_staff"
    APPRAISER_OF = "appraiser_of"
    BROKER_OF = "broker_of"


ABOUT_A_SALE = frozenset({RelationKind.APPRAISER_OF, RelationKind.BROKER_OF})
"""Relations that may be limited to one achievement or listing of the other party."""


class Insider(StrEnum):
    """Who must not bid at a sale, nor anyone related to it."""

    SELLER = "seller"
    BROKER = "broker"
    APPRAISER = "appraiser"
    PLATFORM = "platform"


class Closeness(StrEnum):
    """How a bidder is an insider: the same party, by control, by relatives or by staff."""

    SAME = "same"
    CONTROL = "control"
    RELATIVE = "relative"
    STAFF = "staff"
