"""Use cases of the collusion screens: run them over a period, read flags, decide on one.

Only regulators do so: the platform itself may not watch bidders (法释〔2016〕18号 art. 8).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from anyio import to_thread
from sqlalchemy.ext.asyncio import AsyncSession

from app.auctions import outcomes, screens, subjects
from app.auctions import screening_repository as repository
from app.auctions.engine.profiles import PROFILES
from app.auctions.errors import BadScreeningPeriod
from app.auctions.models import Auction, CollusionFlag
from app.auctions.rules import is_sealed
from app.auctions.screening_repository import FlagFilters
from app.auctions.screening_schemas import FlagDecision, NewScreening, ScreeningView
from app.auctions.states import FLAG_MOVES, FlagState
from app.kit import audit
from app.kit.actor import Actor
from app.kit.calendar import end_of_day, local_day
from app.kit.errors import NotFound
from app.kit.ids import new_id
from app.kit.states import move
from app.parties import service as parties
from app.parties.states import Role

LONGEST_PERIOD = timedelta(days=3 * 366)


async def run(
    session: AsyncSession, actor: Actor, new: NewScreening, now: datetime
) -> ScreeningView:
    """Screen the auctions that were decided in a period; a known pattern is not flagged again.

    Raises RoleRequired, ScopeRequired and BadScreeningPeriod.
    """
    actor.require_role(Role.REGULATOR)
    actor.require_scope("trade")
    today = local_day(now)
    length = new.period_until - new.period_from
    if new.period_until > today or not timedelta(0) <= length <= LONGEST_PERIOD:
        raise BadScreeningPeriod(field="body.period_until", today=today.isoformat())
    rules = screens.rules_on(today)
    start = end_of_day(new.period_from - timedelta(days=1))
    auctions = await repository.decided_between(session, start, end_of_day(new.period_until))
    screened = await _screened(session, auctions)
    links = await _links(session, screened)
    found = await to_thread.run_sync(screens.screen, screened, links, rules)
    run_id = new_id()
    rows = [_row(finding, run_id, new, rules.code) for finding in found]
    raised = set(await repository.add_flags(session, rows))
    await audit.record_many(
        session,
        [
            audit.Event(
                actor,
                "collusion_flag.raise",
                "collusion_flag",
                row["id"],
                after={"state": FlagState.OPEN, "screen": row["screen"], "run": run_id},
                rule_set=rules.code,
            )
            for row in rows
            if row["id"] in raised
        ],
    )
    view = ScreeningView(
        run_id=run_id,
        period_from=new.period_from,
        period_until=new.period_until,
        rule_set=rules.code,
        auctions=len(auctions),
        found=len(found),
        raised=len(raised),
    )
    after = view.model_dump(exclude={"run_id"})
    audit.record(session, actor, "screening.run", "screening", run_id, after=after)
    return view


async def _screened(
    session: AsyncSession, auctions: Sequence[Auction]
) -> list[screens.ScreenAuction]:
    """The auctions with their bids, compared within the technical field of their listings."""
    about = await subjects.subjects(session, auctions)
    payers = await subjects.deposit_payers(session, auctions)
    bids: dict[UUID, list[screens.ScreenBid]] = defaultdict(list)
    for row in await repository.accepted_bids(session, [auction.id for auction in auctions]):
        bids[row.auction_id].append(
            screens.ScreenBid(
                bidder=str(row.bidder_id),
                amount_fen=row.amount_fen,
                device=row.device,
                payer=payers.get((row.auction_id, row.bidder_id)),
                agent=None if row.agent_id is None else str(row.agent_id),
            )
        )
    awards = await outcomes.awards(session, [auction.id for auction in auctions])
    screened = []
    for auction in auctions:
        won = awards[auction.id]
        assert auction.decided_at is not None
        screened.append(
            screens.ScreenAuction(
                id=str(auction.id),
                market=about[auction.id].technical_field,
                decided_at=auction.decided_at,
                winner=str(won[0].bidder_id) if won else None,
                bids=tuple(bids[auction.id]),
                sealed=is_sealed(PROFILES[auction.format]),
            )
        )
    return screened


async def _links(
    session: AsyncSession, auctions: Sequence[screens.ScreenAuction]
) -> Mapping[str, list[screens.Link]]:
    """Control among the bidders of each auction, as it was when the auction was decided."""
    links = {}
    for auction in auctions:
        if len(auction.bidders) > 1:
            ids = [UUID(bidder) for bidder in auction.bidders]
            links[auction.id] = [
                screens.Link(str(link.first), str(link.second), tuple(map(str, link.relations)))
                for link in await parties.control_links(session, ids, auction.decided_at)
            ]
    return links


def _row(
    finding: screens.Finding, run_id: UUID, period: NewScreening, rule_set: str
) -> dict[str, Any]:
    auctions, bidders = sorted(finding.auctions), sorted(finding.bidders)
    same = orjson.dumps(
        [finding.screen, auctions, bidders, finding.facts], option=orjson.OPT_SORT_KEYS
    )
    return {
        "id": new_id(),
        "run_id": run_id,
        "fingerprint": sha256(same).hexdigest(),
        "screen": finding.screen.value,
        "rule_set": rule_set,
        "period_from": period.period_from,
        "period_until": period.period_until,
        "market": finding.market,
        "auctions": [UUID(auction) for auction in auctions],
        "bidders": [UUID(bidder) for bidder in bidders],
        "strength": finding.strength,
        "threshold": finding.threshold,
        "evidence": {"facts": finding.facts, "zh": finding.zh, "en": finding.en},
    }


async def flag_list(
    session: AsyncSession, actor: Actor, filters: FlagFilters, after: UUID | None, limit: int
) -> Sequence[CollusionFlag]:
    """A page of flags, the newest first."""
    actor.require_role(Role.REGULATOR)
    return await repository.flags(session, filters, after, limit)


async def flag(session: AsyncSession, actor: Actor, flag_id: UUID) -> CollusionFlag:
    """One flag."""
    actor.require_role(Role.REGULATOR)
    found = await repository.flag(session, flag_id)
    if found is None:
        raise NotFound
    return found


async def decide(
    session: AsyncSession, actor: Actor, flag_id: UUID, decision: FlagDecision, now: datetime
) -> CollusionFlag:
    """A regulator dismisses a flag or refers it to an authority, and says why.

    Raises RoleRequired, ScopeRequired, NotFound and IllegalMove.
    """
    actor.require_role(Role.REGULATOR)
    actor.require_scope("trade")
    found = await repository.flag(session, flag_id, lock=True)
    if found is None:
        raise NotFound
    before = {"state": found.state, "reason": found.reason}
    found.state = move(FLAG_MOVES, FlagState(found.state), decision.act).value
    found.reason = decision.reason
    found.decided_at = now
    found.decided_by = actor.person_id
    found.version += 1
    audit.record(
        session,
        actor,
        f"collusion_flag.{decision.act}",
        "collusion_flag",
        found.id,
        before=before,
        after={"state": found.state, "reason": found.reason},
        rule_set=found.rule_set,
    )
    await session.flush()
    return found
