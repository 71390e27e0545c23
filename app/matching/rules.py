"""Why an achievement may answer a demand, and what several judgments come to; pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from app.achievements.facts import AchievementFacts
from app.demands.facts import DemandFacts
from app.kit import codes
from app.listings.facts import ListingFacts
from app.listings.states import ListingState
from app.matching.errors import RejectionNeedsReason
from app.matching.states import LEVELS, Verdict
from search.matching.model import Model
from search.matching.terms import shared_passages

SUMMARY_READ = 200
"""Characters of a summary that are compared; the subject stands at the beginning."""
IPC_SHOWN = 3


@dataclass(frozen=True)
class Ipc:
    """An IPC subclass of an achievement, and what its official title shares with the demand."""

    code: str
    title: str
    shared: tuple[str, ...]


@dataclass(frozen=True)
class Reasons:
    """What speaks for a match; each can be checked in the texts and codes of both sides."""

    passages: tuple[str, ...]
    fields: tuple[str, ...]
    ipc: tuple[Ipc, ...]
    maturity: int | None
    region: str | None


def achievement_text(one: AchievementFacts) -> str:
    """What of an achievement is compared."""
    return f"{one.title}\n{one.summary[:SUMMARY_READ]}"


def demand_text(one: DemandFacts) -> str:
    """What of a demand is compared, when achievements look for demands."""
    return "\n".join((one.title, *one.keywords, one.summary[:SUMMARY_READ]))


def demand_rest(one: DemandFacts) -> str:
    """What a demand says besides its title."""
    return "\n".join((*one.keywords, one.summary))


def reasons(
    demand: DemandFacts,
    achievement: AchievementFacts,
    offers: Iterable[ListingFacts],
    model: Model,
) -> Reasons:
    """Passages that stand in both texts, the common field, IPC subclasses whose official title
    shares words with the demand, the achievement's technology readiness, the common province."""
    whole = f"{demand.title}\n{demand_rest(demand)}"
    rare = model.statistics.pairs
    classes: list[Ipc] = []
    for code in dict.fromkeys(symbol.replace(" ", "")[:4] for symbol in achievement.ipc):
        title = codes.ipc_title(code, "zh")
        shared = tuple(shared_passages(whole, title, rare)) if title else ()
        if title and shared:
            classes.append(Ipc(code, title, shared))
    province = demand.province
    near = province is not None and any(
        one.region_code[:2] == province[:2] for one in offers if is_open(one)
    )
    return Reasons(
        passages=tuple(shared_passages(whole, achievement_text(achievement), rare)),
        fields=tuple(one for one in demand.technical_fields if one == achievement.technical_field),
        ipc=tuple(classes[:IPC_SHOWN]),
        maturity=achievement.trl,
        region=province if near else None,
    )


def is_open(listing: ListingFacts) -> bool:
    """Whether an achievement can still be had by this listing."""
    return listing.state == ListingState.PUBLISHED


def require_reason(verdict: Verdict, reason: str) -> None:
    """Raise RejectionNeedsReason for a rejection without one."""
    if verdict == Verdict.REJECT and not reason.strip():
        raise RejectionNeedsReason(field="body.reason")


def levels(
    judgments: Iterable[tuple[UUID, UUID, str]],
) -> dict[tuple[UUID, UUID], int]:
    """The level of each judged pair: of the majority, and of the rejection when they are even."""
    votes: dict[tuple[UUID, UUID], int] = {}
    for demand_id, achievement_id, verdict in judgments:
        vote = 1 if verdict == Verdict.ACCEPT else -1
        pair = (demand_id, achievement_id)
        votes[pair] = votes.get(pair, 0) + vote
    return {
        pair: LEVELS[Verdict.ACCEPT if vote > 0 else Verdict.REJECT]
        for pair, vote in sorted(votes.items())
    }
