"""The life of a public notice and of an objection to it."""

from enum import StrEnum


class NoticeKind(StrEnum):
    """What is made public."""

    PRICE_NOTICE = "price_notice"


class NoticeState(StrEnum):
    """Life of a notice (rules.md 2.1)."""

    DRAFT = "draft"
    PUBLISHED = "published"
    SUSPENDED = "suspended"
    EFFECTIVE = "effective"
    VOID = "void"
    WITHDRAWN = "withdrawn"


MOVES: dict[tuple[NoticeState, str], NoticeState] = {
    (NoticeState.DRAFT, "edit"): NoticeState.DRAFT,
    (NoticeState.DRAFT, "publish"): NoticeState.PUBLISHED,
    (NoticeState.DRAFT, "withdraw"): NoticeState.WITHDRAWN,
    (NoticeState.PUBLISHED, "object"): NoticeState.SUSPENDED,
    (NoticeState.SUSPENDED, "object"): NoticeState.SUSPENDED,
    (NoticeState.SUSPENDED, "resume"): NoticeState.PUBLISHED,
    (NoticeState.SUSPENDED, "void"): NoticeState.VOID,
    (NoticeState.PUBLISHED, "take_effect"): NoticeState.EFFECTIVE,
    (NoticeState.PUBLISHED, "republish"): NoticeState.PUBLISHED,
    (NoticeState.EFFECTIVE, "republish"): NoticeState.PUBLISHED,
    (NoticeState.VOID, "republish"): NoticeState.PUBLISHED,
    (NoticeState.PUBLISHED, "withdraw"): NoticeState.WITHDRAWN,
    (NoticeState.SUSPENDED, "withdraw"): NoticeState.WITHDRAWN,
    (NoticeState.EFFECTIVE, "withdraw"): NoticeState.WITHDRAWN,
    (NoticeState.VOID, "withdraw"): NoticeState.WITHDRAWN,
}
"""While an objection is open nothing is republished: it is decided on the text it is against."""


class Interest(StrEnum):
    """What ties the taker to the unit or the achievement (浙江省促进科技成果转化条例 17; A-6)."""

    NONE = "none"
    INVENTOR = "inventor"
    INTERESTED_PARTY = "interested_party"


class ObjectionState(StrEnum):
    """Life of an objection."""

    FILED = "filed"
    UPHELD = "upheld"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


OBJECTION_MOVES: dict[tuple[ObjectionState, str], ObjectionState] = {
    (ObjectionState.FILED, "uphold"): ObjectionState.UPHELD,
    (ObjectionState.FILED, "reject"): ObjectionState.REJECTED,
    (ObjectionState.FILED, "withdraw"): ObjectionState.WITHDRAWN,
    (ObjectionState.FILED, "lapse"): ObjectionState.LAPSED,
}
"""`lapse`: the notice it is against is void or withdrawn; there is nothing left to decide."""
