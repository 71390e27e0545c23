"""SQL of the hot path: the auctions of a group of bids, and what the group wrote.

It speaks to the driver directly, with a statement for each kind of row whatever the size of the
group. An auction is changed through here alone once it is scheduled, by bids and by operators.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

import orjson
from psycopg import AsyncConnection, sql
from psycopg.types.json import Jsonb
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auctions.engine import core
from app.auctions.engine.state import State
from app.auctions.models import Auction
from app.kit.ids import new_id


@dataclass(slots=True)
class LiveAuction:
    """A locked auction while its bids are decided; `state_now` is its `standing`, loaded."""

    id: UUID
    seller_id: UUID
    state: str
    opens_at: datetime
    rule_set: str
    next_sequence: int
    event_count: int
    bid_count: int
    chain_head: bytes
    decided_at: datetime | None
    reason: str | None
    public_key: bytes | None
    standing: dict[str, Any]
    state_now: State = field(init=False)

    @property
    def price_fen(self) -> int | None:
        """What everybody sees as the price."""
        return self.state_now.price_fen

    @property
    def leading_number(self) -> int | None:
        """The number of the bidder that leads in the open."""
        leader = self.state_now.leader
        return None if leader is None else int(leader)


@dataclass(slots=True)
class BidRow:
    """A row of the record of bids; see models.Bid."""

    auction_id: UUID
    sequence: int
    bidder_id: UUID
    number: int
    person_id: UUID | None
    agent_id: UUID | None
    mandate_id: UUID | None
    device: str | None
    act: str
    phase: str
    amount_fen: int | None
    sealed: bytes | None
    received_at: datetime
    request_id: str
    accepted: bool
    refusal: str | None
    required_fen: int | None
    ends_at_after: datetime
    price_after_fen: int | None
    leader_after: int | None
    digest: bytes


class EventRow(NamedTuple):
    """A row of an auction's other events; see models.AuctionEvent."""

    auction_id: UUID
    place: int
    after_sequence: int
    kind: str
    at: datetime
    payload: dict[str, Any]
    digest: bytes


BID_COLUMNS = tuple(BidRow.__slots__)
_BID_VALUES = attrgetter(*BID_COLUMNS)
_LOCK: LiteralString = (
    "SELECT id, seller_id, state, opens_at, rule_set, next_sequence, event_count, bid_count,"
    " chain_head, decided_at, reason, public_key, standing::text"
    " FROM auction WHERE id = ANY(%s) ORDER BY id FOR UPDATE"
)
_BIDDERS_AND_BIDS = sql.SQL("""
SELECT b.number, {}
FROM unnest(%s::uuid[], %s::uuid[], %s::text[])
  WITH ORDINALITY k (auction, bidder, request, place)
LEFT JOIN auction_bidder b ON b.auction_id = k.auction AND b.bidder_id = k.bidder
LEFT JOIN bid e
  ON e.auction_id = k.auction AND e.bidder_id = k.bidder AND e.request_id = k.request
ORDER BY k.place
""").format(sql.SQL(", ").join(sql.Identifier("e", name) for name in BID_COLUMNS))
_BID_TYPES = {
    "auction_id": "uuid",
    "bidder_id": "uuid",
    "person_id": "uuid",
    "agent_id": "uuid",
    "mandate_id": "uuid",
    "device": "text",
    "act": "text",
    "phase": "text",
    "sealed": "bytea",
    "received_at": "timestamptz",
    "request_id": "text",
    "accepted": "bool",
    "refusal": "text",
    "ends_at_after": "timestamptz",
    "digest": "bytea",
}
_INSERT_BIDS = sql.SQL(
    "INSERT INTO bid (created_at, {}) SELECT (SELECT market_now()), * FROM unnest({})"
).format(
    sql.SQL(", ").join(map(sql.Identifier, BID_COLUMNS)),
    sql.SQL(", ").join(
        sql.SQL("%s::{}[]").format(sql.Identifier(_BID_TYPES.get(name, "int8")))
        for name in BID_COLUMNS
    ),
)
_UPDATE: LiteralString = """
WITH changed AS (
  UPDATE auction a SET state = n.state, phase = n.phase, standing = n.standing::jsonb,
    ends_at = n.ends_at, next_sequence = n.next_sequence, event_count = n.event_count,
    bid_count = n.bid_count, price_fen = n.price_fen, leading_number = n.leading_number,
    chain_head = n.chain_head, decided_at = n.decided_at, reason = n.reason
  FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::bigint[],
    %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bytea[], %s::timestamptz[],
    %s::text[]) n (id, state, phase, standing, ends_at, next_sequence, event_count, bid_count,
    price_fen, leading_number, chain_head, decided_at, reason)
  WHERE a.id = n.id RETURNING a.id)
SELECT pg_notify('auction_changed', id::text) FROM changed
"""
_INSERT_EVENTS: LiteralString = (
    "INSERT INTO auction_event (id, auction_id, place, after_sequence, kind, at, payload, digest)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
)


async def lock_live(
    connection: AsyncConnection[Any], auction_ids: Collection[UUID]
) -> dict[UUID, LiveAuction]:
    """Auctions by id, locked in the order of their ids and read anew; unknown ids are left out."""
    cursor = connection.cursor(binary=True)
    await cursor.execute(_LOCK, [list(auction_ids)], prepare=True)
    return {
        row[0]: LiveAuction(*(*row[:-1], orjson.loads(row[-1]))) for row in await cursor.fetchall()
    }


async def terms(
    session: AsyncSession, auction_ids: Sequence[UUID]
) -> Sequence[tuple[UUID, str, dict[str, Any], bool]]:
    """Format, rules, and whether amounts are sealed, of auctions."""
    query = select(
        Auction.id, Auction.format, Auction.terms, Auction.public_key.is_not(None)
    ).where(Auction.id.in_(auction_ids))
    return [(row[0], row[1], row[2], row[3]) for row in (await session.execute(query)).all()]


async def bidders_and_bids(
    connection: AsyncConnection[Any], keys: Sequence[tuple[UUID, UUID, str]]
) -> list[tuple[int | None, BidRow | None]]:
    """For each auction, bidder and request id: the bidder's number, and the bid that is there."""
    cursor = connection.cursor(binary=True)
    columns = [[key[place] for key in keys] for place in range(3)]
    await cursor.execute(_BIDDERS_AND_BIDS, columns, prepare=True)
    return [
        (row[0], None if row[1] is None else BidRow(*row[1:])) for row in await cursor.fetchall()
    ]


async def insert_bids(connection: AsyncConnection[Any], bids: Sequence[BidRow]) -> None:
    """Write bids with one statement."""
    if bids:
        columns = [list(column) for column in zip(*map(_BID_VALUES, bids), strict=True)]
        await connection.execute(_INSERT_BIDS, columns, prepare=True)


async def insert_events(connection: AsyncConnection[Any], events: Sequence[EventRow]) -> None:
    """Write events that are not bids."""
    if events:
        rows = [(new_id(), *event[:5], Jsonb(event.payload), event.digest) for event in events]
        await connection.cursor().executemany(_INSERT_EVENTS, rows)


async def update_live(connection: AsyncConnection[Any], auctions: Sequence[LiveAuction]) -> None:
    """Write how locked auctions stand now, and tell every process that watches them."""
    if not auctions:
        return
    rows = [_live_values(auction) for auction in auctions]
    columns = [list(column) for column in zip(*rows, strict=True)]
    await connection.execute(_UPDATE, columns, prepare=True)


def _live_values(auction: LiveAuction) -> tuple[Any, ...]:
    state = auction.state_now
    return (
        auction.id,
        auction.state,
        core.phase_name(state),
        orjson.dumps(auction.standing).decode(),
        state.ends_at,
        auction.next_sequence,
        auction.event_count,
        auction.bid_count,
        auction.price_fen,
        auction.leading_number,
        auction.chain_head,
        auction.decided_at,
        auction.reason,
    )
