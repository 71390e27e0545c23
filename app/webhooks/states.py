"""Whether a webhook is posted to, and why not."""

from enum import StrEnum


class WebhookState(StrEnum):
    """Life of a webhook."""

    ACTIVE = "active"
    DISABLED = "disabled"


MOVES: dict[tuple[WebhookState, str], WebhookState] = {
    (WebhookState.ACTIVE, "disable"): WebhookState.DISABLED,
    (WebhookState.DISABLED, "enable"): WebhookState.ACTIVE,
}


class DisabledBecause(StrEnum):
    """Why a webhook is disabled."""

    OWNER = "owner"
    GONE = "gone"
    FAILING = "failing"
    PARTY_INACTIVE = "party_inactive"
    KEY_CHANGED = "key_changed"


class Outcome(StrEnum):
    """What became of an attempt."""

    DELIVERED = "delivered"
    FAILED = "failed"
