"""The life of a listing and of an application to it."""

from enum import StrEnum


class ListingState(StrEnum):
    """Life of a listing."""

    DRAFT = "draft"
    UNDER_REVIEW = "under_review"
    PUBLISHED = "published"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    AWARDED = "awarded"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


MOVES: dict[tuple[ListingState, str], ListingState] = {
    (ListingState.DRAFT, "edit"): ListingState.DRAFT,
    (ListingState.DRAFT, "submit"): ListingState.UNDER_REVIEW,
    (ListingState.UNDER_REVIEW, "approve"): ListingState.PUBLISHED,
    (ListingState.UNDER_REVIEW, "reject"): ListingState.DRAFT,
    (ListingState.PUBLISHED, "prolong"): ListingState.PUBLISHED,
    (ListingState.PUBLISHED, "suspend"): ListingState.SUSPENDED,
    (ListingState.SUSPENDED, "resume"): ListingState.PUBLISHED,
    (ListingState.SUSPENDED, "terminate"): ListingState.FAILED,
    (ListingState.SUSPENDED, "withdraw"): ListingState.WITHDRAWN,
    (ListingState.FAILED, "relist"): ListingState.FAILED,
    (ListingState.PUBLISHED, "close"): ListingState.CLOSED,
    (ListingState.PUBLISHED, "fail"): ListingState.FAILED,
    (ListingState.CLOSED, "award"): ListingState.AWARDED,
    (ListingState.CLOSED, "fail"): ListingState.FAILED,
    (ListingState.AWARDED, "reopen"): ListingState.CLOSED,
    (ListingState.PUBLISHED, "agree"): ListingState.AWARDED,
    (ListingState.CLOSED, "agree"): ListingState.AWARDED,
    (ListingState.AWARDED, "annul"): ListingState.FAILED,
    (ListingState.DRAFT, "withdraw"): ListingState.WITHDRAWN,
    (ListingState.UNDER_REVIEW, "withdraw"): ListingState.WITHDRAWN,
    (ListingState.PUBLISHED, "withdraw"): ListingState.WITHDRAWN,
}

LIVE = frozenset(
    {
        ListingState.UNDER_REVIEW,
        ListingState.PUBLISHED,
        ListingState.SUSPENDED,
        ListingState.CLOSED,
    }
)
"""States in which a listing competes for the achievement's right, and holds its claim on it.

A listing that awarded an exclusive right keeps its claim: the right is the buyer's, unless the
award is annulled because the deal was cancelled or the buyer defaulted.
"""


class ChangeState(StrEnum):
    """Life of a change of published terms."""

    PROPOSED = "proposed"
    PUBLISHED = "published"
    REFUSED = "refused"


CHANGE_MOVES: dict[tuple[ChangeState, str], ChangeState] = {
    (ChangeState.PROPOSED, "publish"): ChangeState.PUBLISHED,
    (ChangeState.PROPOSED, "refuse"): ChangeState.REFUSED,
}


class SecurityDeclaration(StrEnum):
    """What the seller declares about state secrets and national security (rules.md A-8).

    `clear`: the offer concerns neither; `cleared`: an authority has examined and released it;
    `concerned`: it concerns them.
    """

    CLEAR = "clear"
    CLEARED = "cleared"
    CONCERNED = "concerned"


class Outcome(StrEnum):
    """What a guard says of an offer."""

    PASSED = "passed"
    FAILED = "failed"
    NEEDS_APPROVAL = "needs_approval"


class Negotiation(StrEnum):
    """Whether the price of a listing may be found by negotiation (协议定价)."""

    NONE = "none"
    ONE_BIDDER = "one_bidder"
    OPEN = "open"


class ApplicationState(StrEnum):
    """Life of an application to be a bidder."""

    SUBMITTED = "submitted"
    NEEDS_CORRECTION = "needs_correction"
    APPEALED = "appealed"
    QUALIFIED = "qualified"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


OPEN_APPLICATIONS = (
    ApplicationState.SUBMITTED,
    ApplicationState.NEEDS_CORRECTION,
    ApplicationState.APPEALED,
)
"""States that wait for somebody's act, and are out when the period is over."""

APPLICATION_MOVES: dict[tuple[ApplicationState, str], ApplicationState] = {
    (ApplicationState.SUBMITTED, "qualify"): ApplicationState.QUALIFIED,
    (ApplicationState.SUBMITTED, "refuse"): ApplicationState.REFUSED,
    (ApplicationState.QUALIFIED, "refuse"): ApplicationState.REFUSED,
    (ApplicationState.SUBMITTED, "withdraw"): ApplicationState.WITHDRAWN,
    (ApplicationState.QUALIFIED, "withdraw"): ApplicationState.WITHDRAWN,
    (ApplicationState.SUBMITTED, "request_correction"): ApplicationState.NEEDS_CORRECTION,
    (ApplicationState.NEEDS_CORRECTION, "correct"): ApplicationState.SUBMITTED,
    (ApplicationState.NEEDS_CORRECTION, "refuse"): ApplicationState.REFUSED,
    (ApplicationState.NEEDS_CORRECTION, "withdraw"): ApplicationState.WITHDRAWN,
    (ApplicationState.REFUSED, "appeal"): ApplicationState.APPEALED,
    (ApplicationState.APPEALED, "uphold"): ApplicationState.QUALIFIED,
    (ApplicationState.APPEALED, "reject"): ApplicationState.REFUSED,
    (ApplicationState.APPEALED, "withdraw"): ApplicationState.WITHDRAWN,
    (ApplicationState.SUBMITTED, "reconfirm"): ApplicationState.SUBMITTED,
    (ApplicationState.QUALIFIED, "reconfirm"): ApplicationState.QUALIFIED,
    (ApplicationState.SUBMITTED, "confirm_deposit"): ApplicationState.SUBMITTED,
    (ApplicationState.QUALIFIED, "confirm_deposit"): ApplicationState.QUALIFIED,
}
