"""Auctions of every format: terms and standing of the engine, sealed bids, awards, outages.

Auctions that exist already are ascending ones; their terms, standings and awards are made from
their rows. Their chains stay as they are.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0011"

STATES = "'scheduled','open','paused','opening','sold','failed','annulled'"
KINDS = (
    "'scheduled','opened','phase','paused','resumed','outage','unsealed','sold','failed','annulled'"
)
TERMS = """
UPDATE auction SET format = 'ascending', phase = 'bidding', event_count = (
    SELECT count(*) FROM auction_event e WHERE e.auction_id = auction.id),
  terms = jsonb_build_object(
    'opens_at', to_char(opens_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'closes_at', to_char(planned_end AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'start_fen', start_fen, 'increments', increment_fen, 'extension_s', extension_s,
    'first_bid_at_start', first_bid_at_start),
  standing = jsonb_strip_nulls(jsonb_build_object(
    'from', (extract(epoch FROM opens_at) * 1000000)::bigint,
    'ends', (extract(epoch FROM ends_at) * 1000000)::bigint,
    'accepted', bid_count, 'price_fen', price_fen, 'leader', leading_number::text,
    'bidders', (SELECT jsonb_build_array(number::text) FROM bid
      WHERE auction_id = auction.id AND accepted ORDER BY sequence LIMIT 1),
    'runner_up', (SELECT jsonb_build_array(number::text, amount_fen) FROM bid
      WHERE auction_id = auction.id AND accepted AND number <> leading_number
      ORDER BY sequence DESC LIMIT 1),
    'extensions', (SELECT count(*) FROM (
      SELECT ends_at_after > lag(ends_at_after, 1, planned_end) OVER (ORDER BY sequence) AS moved
      FROM bid WHERE auction_id = auction.id) b WHERE moved)))
"""
AFTER_BIDS = """
UPDATE bid SET (price_after_fen, leader_after) = (
  SELECT b.amount_fen, b.number FROM bid b
  WHERE b.auction_id = bid.auction_id AND b.accepted AND b.sequence <= bid.sequence
  ORDER BY b.sequence DESC LIMIT 1)
"""
AWARDS = """
INSERT INTO auction_award (id, auction_id, rank, bidder_id, number, quantity, lots, price_fen,
  total_fen, state)
SELECT uuidv7(), id, 1, winner_id, leading_number, 1, '[]', price_fen, price_fen, 'awarded'
FROM auction WHERE state = 'sold'
"""
PLACES = """
UPDATE auction_event e SET place = p.place FROM (
  SELECT id, row_number() OVER (PARTITION BY auction_id ORDER BY after_sequence,
    array_position(ARRAY['scheduled','opened','sold','failed'], kind)) AS place
  FROM auction_event) p WHERE p.id = e.id
"""


def text(name: str, *, nullable: bool = False, default: str | None = None) -> sa.Column:
    return sa.Column(name, sa.String, nullable=nullable, server_default=default)


def number(name: str, *, nullable: bool = False, default: str | None = None) -> sa.Column:
    return sa.Column(name, sa.BigInteger, nullable=nullable, server_default=default)


def moment(name: str, *, nullable: bool = False, default: str | None = None) -> sa.Column:
    standard = None if default is None else sa.text(default)
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=standard)


def reference(table: str, name: str, target: str, *, nullable: bool = False) -> sa.Column:
    key = sa.ForeignKey(target, name=f"fk_{table}_{name}")
    return sa.Column(name, sa.Uuid, key, nullable=nullable)


def upgrade() -> None:
    _auction()
    _bid()
    _events()
    _new_tables()
    op.execute(AWARDS)
    op.drop_constraint("result", "auction", type_="check")
    for name in ("winner_id", "leading_bid_id", "start_fen", "increment_fen", "extension_s"):
        op.drop_column("auction", name)
    op.drop_column("auction", "first_bid_at_start")
    op.create_check_constraint(
        "result",
        "auction",
        "(state IN ('sold','failed','annulled')) = (decided_at IS NOT NULL)",
    )


def _auction() -> None:
    op.add_column("auction", number("round", default="1"))
    op.add_column("auction", text("format", nullable=True))
    op.add_column("auction", sa.Column("terms", JSONB))
    op.add_column("auction", text("phase", nullable=True))
    op.add_column("auction", sa.Column("standing", JSONB))
    op.add_column("auction", number("event_count", default="0"))
    op.add_column("auction", text("reason", nullable=True))
    op.add_column("auction", sa.Column("public_key", sa.LargeBinary))
    op.add_column("auction", sa.Column("custody", JSONB(none_as_null=True)))
    op.add_column("auction", sa.Column("reserve_sealed", sa.LargeBinary))
    op.execute(TERMS)
    for name in ("format", "terms", "phase", "standing"):
        op.alter_column("auction", name, nullable=False)
    op.drop_constraint("uq_auction_listing_id", "auction")
    op.create_unique_constraint("uq_auction_listing_id_round", "auction", ["listing_id", "round"])
    for name in ("state", "amounts", "times", "leader"):
        op.drop_constraint(name, "auction", type_="check")
    op.create_check_constraint("state", "auction", f"state IN ({STATES})")
    op.create_check_constraint(
        "amounts",
        "auction",
        "next_sequence >= 1 AND event_count >= 0 AND bid_count >= 0 AND round >= 1",
    )
    op.create_check_constraint("times", "auction", "opens_at < planned_end")
    op.create_check_constraint(
        "leader", "auction", "(price_fen IS NULL) = (leading_number IS NULL)"
    )
    op.create_check_constraint("custody", "auction", "(public_key IS NULL) = (custody IS NULL)")


def _bid() -> None:
    op.drop_constraint("fk_auction_leading_bid_id", "auction", type_="foreignkey")
    op.add_column("bid", sa.Column("person_id", sa.Uuid))
    op.add_column("bid", sa.Column("agent_id", sa.Uuid))
    op.add_column("bid", sa.Column("mandate_id", sa.Uuid))
    op.add_column("bid", text("act", default="bid"))
    op.add_column("bid", text("phase", default="bidding"))
    op.add_column("bid", sa.Column("sealed", sa.LargeBinary))
    op.add_column("bid", number("price_after_fen", nullable=True))
    op.add_column("bid", number("leader_after", nullable=True))
    op.execute("ALTER TABLE bid DISABLE TRIGGER bid_append_only")
    op.execute(AFTER_BIDS)
    op.execute("ALTER TABLE bid ENABLE TRIGGER bid_append_only")
    op.alter_column("bid", "amount_fen", nullable=True)
    op.drop_constraint("pk_bid", "bid")
    op.drop_column("bid", "id")
    op.drop_constraint("uq_bid_auction_id_sequence", "bid")
    op.create_primary_key("pk_bid", "bid", ["auction_id", "sequence"])
    for name in ("fk_bid_auction_id", "fk_bid_bidder_id"):
        op.drop_constraint(name, "bid", type_="foreignkey")
    op.drop_constraint("refusal", "bid", type_="check")
    op.create_check_constraint("act", "bid", "act IN ('bid','confirm','pass')")
    op.create_check_constraint(
        "content",
        "bid",
        "(act = 'bid') = (amount_fen IS NOT NULL OR sealed IS NOT NULL)"
        " AND (amount_fen IS NULL OR sealed IS NULL)",
    )


def _events() -> None:
    op.add_column("auction_event", number("place", nullable=True))
    op.execute("ALTER TABLE auction_event DISABLE TRIGGER auction_event_append_only")
    op.execute(PLACES)
    op.execute("ALTER TABLE auction_event ENABLE TRIGGER auction_event_append_only")
    op.alter_column("auction_event", "place", nullable=False)
    op.drop_constraint("uq_auction_event_auction_id_after_sequence_kind", "auction_event")
    op.create_unique_constraint(
        "uq_auction_event_auction_id_place", "auction_event", ["auction_id", "place"]
    )
    for name in ("kind", "after_sequence"):
        op.drop_constraint(name, "auction_event", type_="check")
    op.create_check_constraint("kind", "auction_event", f"kind IN ({KINDS})")
    op.create_check_constraint(
        "after_sequence", "auction_event", "after_sequence >= 0 AND place >= 1"
    )


def _new_tables() -> None:
    op.create_table(
        "auction_plan",
        sa.Column(
            "listing_id",
            sa.Uuid,
            sa.ForeignKey("listing.id", name="fk_auction_plan_listing_id"),
            primary_key=True,
        ),
        sa.Column("auction_id", sa.Uuid, nullable=False),
        text("format"),
        sa.Column("terms", JSONB, nullable=False),
        text("reserve_commitment", nullable=True),
        sa.Column("public_key", sa.LargeBinary),
        sa.Column("custody", JSONB(none_as_null=True)),
        sa.Column("reserve_sealed", sa.LargeBinary),
        sa.CheckConstraint("(public_key IS NULL) = (custody IS NULL)", name="custody"),
        sa.CheckConstraint(
            "(reserve_sealed IS NULL) = (reserve_commitment IS NULL)"
            " AND (reserve_sealed IS NULL OR public_key IS NOT NULL)",
            name="reserve",
        ),
    )
    op.create_table(
        "opened_bid",
        sa.Column("auction_id", sa.Uuid, primary_key=True),
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        number("amount_fen"),
        number("quantity"),
        sa.Column("lots", JSONB, nullable=False),
        sa.Column("scored", JSONB, nullable=False),
        text("refusal", nullable=True),
        sa.ForeignKeyConstraint(
            ["auction_id", "sequence"],
            ["bid.auction_id", "bid.sequence"],
            name="fk_opened_bid_auction_id_sequence",
        ),
        sa.CheckConstraint("amount_fen >= 0 AND quantity >= 1", name="amounts"),
    )
    op.create_table(
        "opening_share",
        sa.Column(
            "auction_id",
            sa.Uuid,
            sa.ForeignKey("auction.id", name="fk_opening_share_auction_id"),
            primary_key=True,
        ),
        sa.Column("officer", sa.String, primary_key=True),
        sa.Column("share", JSONB, nullable=False),
        sa.Column("person_id", sa.Uuid),
        moment("handed_at", default="market_now()"),
    )
    _award()
    op.create_table(
        "platform_pulse",
        sa.Column("one", sa.Boolean, primary_key=True, server_default=sa.true()),
        moment("at"),
        moment("market_at"),
        sa.CheckConstraint("one", name="one"),
    )
    op.create_table(
        "platform_outage",
        sa.Column("id", sa.Uuid, primary_key=True),
        moment("created_at", default="market_now()"),
        moment("began_at"),
        moment("ended_at"),
        number("seconds"),
        moment("handled_at", nullable=True),
        sa.CheckConstraint("began_at < ended_at AND seconds > 0", name="times"),
    )
    op.create_index(
        "ix_platform_outage_open",
        "platform_outage",
        ["id"],
        postgresql_where=sa.text("handled_at IS NULL"),
    )
    for table in ("opened_bid", "opening_share"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _award() -> None:
    op.create_table(
        "auction_award",
        sa.Column("id", sa.Uuid, primary_key=True),
        moment("created_at", default="market_now()"),
        sa.Column("auction_id", sa.Uuid, nullable=False),
        number("rank"),
        sa.Column("bidder_id", sa.Uuid, nullable=False),
        number("number"),
        number("quantity"),
        sa.Column("lots", JSONB, nullable=False),
        number("price_fen"),
        number("total_fen"),
        number("score", nullable=True),
        text("state", default="awarded"),
        reference("auction_award", "instead_of", "auction_award.id", nullable=True),
        number("shortfall_fen", nullable=True),
        number("commissions_fen", nullable=True),
        sa.UniqueConstraint("auction_id", "rank", name="uq_auction_award_auction_id_rank"),
        sa.UniqueConstraint("instead_of", name="uq_auction_award_instead_of"),
        sa.CheckConstraint("state IN ('awarded','defaulted')", name="state"),
        sa.CheckConstraint(
            "rank >= 1 AND quantity >= 1 AND price_fen >= 0 AND total_fen >= 0"
            " AND shortfall_fen >= 0",
            name="amounts",
        ),
        sa.ForeignKeyConstraint(
            ["auction_id", "bidder_id"],
            ["auction_bidder.auction_id", "auction_bidder.bidder_id"],
            name="fk_auction_award_auction_id_bidder_id",
        ),
    )


def downgrade() -> None:
    raise RuntimeError("formats cannot be taken back without losing their auctions")
