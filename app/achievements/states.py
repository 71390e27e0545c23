"""What an achievement is, how secret it is, and its life on the market."""

from enum import StrEnum


class AchievementKind(StrEnum):
    """A single achievement (成果), or a package (成果包) of several."""

    SINGLE = "single"
    PACKAGE = "package"


class Secrecy(StrEnum):
    """Who may ever see the summary: everyone, logged-in organisations, or only those allowed."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"


class AchievementState(StrEnum):
    """Life of an achievement."""

    DRAFT = "draft"
    PUBLISHED = "published"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


MOVES: dict[tuple[AchievementState, str], AchievementState] = {
    (AchievementState.DRAFT, "publish"): AchievementState.PUBLISHED,
    (AchievementState.PUBLISHED, "approve"): AchievementState.PUBLISHED,
    (AchievementState.PUBLISHED, "renew"): AchievementState.PUBLISHED,
    (AchievementState.PUBLISHED, "expire"): AchievementState.EXPIRED,
    (AchievementState.PUBLISHED, "withdraw"): AchievementState.WITHDRAWN,
    (AchievementState.EXPIRED, "renew"): AchievementState.PUBLISHED,
    (AchievementState.EXPIRED, "withdraw"): AchievementState.WITHDRAWN,
    (AchievementState.WITHDRAWN, "publish"): AchievementState.PUBLISHED,
}
"""An operator approves what is published, or withdraws it (ADR 0035)."""


class ClearanceKind(StrEnum):
    """A fact on record that decides whether an achievement may be offered (rules.md 13.8)."""

    CO_OWNER_CONSENT = "co_owner_consent"
    INVENTOR_STATEMENT = "inventor_statement"
    PLEDGE = "pledge"
    PLEDGEE_CONSENT = "pledgee_consent"
    FUNDING_APPROVAL = "funding_approval"
    EXPORT_LICENCE = "export_licence"
    UNFILED_INVENTION = "unfiled_invention"


STATEMENTS: dict[ClearanceKind, frozenset[str]] = {
    ClearanceKind.CO_OWNER_CONSENT: frozenset({"consents"}),
    ClearanceKind.INVENTOR_STATEMENT: frozenset({"waived", "reserved"}),
    ClearanceKind.PLEDGE: frozenset({"pledged"}),
    ClearanceKind.PLEDGEE_CONSENT: frozenset({"consents"}),
    ClearanceKind.FUNDING_APPROVAL: frozenset({"approved"}),
    ClearanceKind.EXPORT_LICENCE: frozenset({"approved"}),
    ClearanceKind.UNFILED_INVENTION: frozenset({"unfiled"}),
}
"""What each kind can say. An inventor who `reserved` the right of first refusal keeps it."""


class Audience(StrEnum):
    """Who may read a document: everyone who sees the achievement, or those allowed its details."""

    PUBLIC = "public"
    RESTRICTED = "restricted"
