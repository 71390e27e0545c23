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
    WITHDRAWN = "withdrawn"


MOVES: dict[tuple[AchievementState, str], AchievementState] = {
    (AchievementState.DRAFT, "publish"): AchievementState.PUBLISHED,
    (AchievementState.PUBLISHED, "withdraw"): AchievementState.WITHDRAWN,
    (AchievementState.WITHDRAWN, "publish"): AchievementState.PUBLISHED,
}


class Audience(StrEnum):
    """Who may read a document: everyone who sees the achievement, or those allowed its details."""

    PUBLIC = "public"
    RESTRICTED = "restricted"
