"""The life of a demand, of a solution to it, and of an expression of interest."""

from enum import StrEnum


class DemandState(StrEnum):
    """Life of a demand."""

    DRAFT = "draft"
    UNDER_REVIEW = "under_review"
    PUBLISHED = "published"
    MATCHED = "matched"
    CLOSED = "closed"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


MOVES: dict[tuple[DemandState, str], DemandState] = {
    (DemandState.DRAFT, "edit"): DemandState.DRAFT,
    (DemandState.DRAFT, "submit"): DemandState.UNDER_REVIEW,
    (DemandState.DRAFT, "withdraw"): DemandState.WITHDRAWN,
    (DemandState.UNDER_REVIEW, "approve"): DemandState.PUBLISHED,
    (DemandState.UNDER_REVIEW, "reject"): DemandState.DRAFT,
    (DemandState.UNDER_REVIEW, "withdraw"): DemandState.WITHDRAWN,
    (DemandState.PUBLISHED, "renew"): DemandState.PUBLISHED,
    (DemandState.PUBLISHED, "expire"): DemandState.EXPIRED,
    (DemandState.PUBLISHED, "award"): DemandState.MATCHED,
    (DemandState.PUBLISHED, "close"): DemandState.CLOSED,
    (DemandState.PUBLISHED, "withdraw"): DemandState.WITHDRAWN,
    (DemandState.EXPIRED, "renew"): DemandState.PUBLISHED,
    (DemandState.EXPIRED, "award"): DemandState.MATCHED,
    (DemandState.EXPIRED, "close"): DemandState.CLOSED,
    (DemandState.MATCHED, "reopen"): DemandState.PUBLISHED,
    (DemandState.MATCHED, "annul"): DemandState.PUBLISHED,
}
"""A demand can expire while its reverse auction runs, and is still awarded by it. It is reopened
when the supplier it was awarded to defaults, or its auction is annulled, and expires at once if its
time is over by then."""

PUBLIC = frozenset({DemandState.PUBLISHED, DemandState.MATCHED, DemandState.CLOSED})
"""States in which others than the owner and overseers may see a demand that was published."""


class SolutionState(StrEnum):
    """Life of a solution."""

    SUBMITTED = "submitted"
    SHORTLISTED = "shortlisted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


SOLUTION_MOVES: dict[tuple[SolutionState, str], SolutionState] = {
    (SolutionState.SUBMITTED, "shortlist"): SolutionState.SHORTLISTED,
    (SolutionState.SUBMITTED, "refuse"): SolutionState.REFUSED,
    (SolutionState.SUBMITTED, "withdraw"): SolutionState.WITHDRAWN,
    (SolutionState.SHORTLISTED, "refuse"): SolutionState.REFUSED,
    (SolutionState.SHORTLISTED, "withdraw"): SolutionState.WITHDRAWN,
}


class InterestState(StrEnum):
    """Life of an expression of interest; contact is open while it is accepted."""

    EXPRESSED = "expressed"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


INTEREST_MOVES: dict[tuple[InterestState, str], InterestState] = {
    (InterestState.EXPRESSED, "accept"): InterestState.ACCEPTED,
    (InterestState.EXPRESSED, "decline"): InterestState.DECLINED,
    (InterestState.EXPRESSED, "withdraw"): InterestState.WITHDRAWN,
}
