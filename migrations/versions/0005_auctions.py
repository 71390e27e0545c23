"""Auctions: terms and standing, numbered bidders, and the append-only record of bids."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def identified() -> list[sa.Column]:
    return [
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("market_now()"),
            nullable=False,
        ),
    ]


def reference(table: str, name: str, target: str, *, nullable: bool = False) -> sa.Column:
    key = sa.ForeignKey(f"{target}.id", name=f"fk_{table}_{name}")
    return sa.Column(name, sa.Uuid, key, nullable=nullable)


def moment(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def number(name: str, *, nullable: bool = False, default: str | None = None) -> sa.Column:
    return sa.Column(name, sa.BigInteger, nullable=nullable, server_default=default)


def upgrade() -> None:
    op.create_table(
        "auction",
        *identified(),
        reference("auction", "listing_id", "listing"),
        reference("auction", "seller_id", "organisation"),
        number("start_fen"),
        number("increment_fen"),
        number("extension_s"),
        sa.Column("first_bid_at_start", sa.Boolean, server_default=sa.true(), nullable=False),
        sa.Column("state", sa.String, server_default="scheduled", nullable=False),
        moment("opens_at"),
        moment("planned_end"),
        moment("ends_at"),
        number("next_sequence", default="1"),
        number("bid_count", default="0"),
        sa.Column("leading_bid_id", sa.Uuid),
        number("leading_number", nullable=True),
        number("price_fen", nullable=True),
        reference("auction", "winner_id", "organisation", nullable=True),
        moment("decided_at", nullable=True),
        sa.Column("rule_set", sa.String, nullable=False),
        sa.UniqueConstraint("listing_id", name="uq_auction_listing_id"),
        sa.CheckConstraint("state IN ('scheduled','open','sold','failed')", name="state"),
        sa.CheckConstraint(
            "start_fen >= 0 AND increment_fen > 0 AND extension_s >= 0 AND next_sequence >= 1"
            " AND bid_count >= 0",
            name="amounts",
        ),
        sa.CheckConstraint("opens_at < planned_end AND planned_end <= ends_at", name="times"),
        sa.CheckConstraint(
            "(price_fen IS NULL) = (leading_bid_id IS NULL)"
            " AND (price_fen IS NULL) = (leading_number IS NULL)"
            " AND (price_fen IS NULL) = (bid_count = 0)"
            " AND (price_fen IS NULL OR price_fen >= start_fen)",
            name="leader",
        ),
        sa.CheckConstraint(
            "(state = 'sold') = (winner_id IS NOT NULL)"
            " AND (state IN ('sold','failed')) = (decided_at IS NOT NULL)"
            " AND (state <> 'sold' OR price_fen IS NOT NULL)"
            " AND (state <> 'failed' OR price_fen IS NULL)",
            name="result",
        ),
    )
    scheduled, opened = sa.text("state = 'scheduled'"), sa.text("state = 'open'")
    op.create_index("ix_auction_to_open", "auction", ["opens_at"], postgresql_where=scheduled)
    op.create_index("ix_auction_to_close", "auction", ["ends_at"], postgresql_where=opened)
    op.create_index("ix_auction_state_id", "auction", ["state", "id"])
    op.create_index("ix_auction_ends_at_id", "auction", ["ends_at", "id"])
    op.create_index("ix_auction_seller_id", "auction", ["seller_id", "id"])
    op.create_table(
        "auction_bidder",
        *identified(),
        reference("auction_bidder", "auction_id", "auction"),
        reference("auction_bidder", "bidder_id", "organisation"),
        number("number"),
        sa.UniqueConstraint(
            "auction_id", "bidder_id", name="uq_auction_bidder_auction_id_bidder_id"
        ),
        sa.UniqueConstraint("auction_id", "number", name="uq_auction_bidder_auction_id_number"),
        sa.CheckConstraint("number >= 1", name="number"),
    )
    op.create_index("ix_auction_bidder_bidder_id", "auction_bidder", ["bidder_id"])
    op.create_table(
        "bid",
        *identified(),
        reference("bid", "auction_id", "auction"),
        number("sequence"),
        reference("bid", "bidder_id", "organisation"),
        number("number"),
        number("amount_fen"),
        moment("received_at"),
        sa.Column("request_id", sa.String, nullable=False),
        sa.Column("accepted", sa.Boolean, nullable=False),
        sa.Column("refusal", sa.String),
        number("required_fen", nullable=True),
        moment("ends_at_after"),
        sa.UniqueConstraint("auction_id", "sequence", name="uq_bid_auction_id_sequence"),
        sa.UniqueConstraint(
            "auction_id", "bidder_id", "request_id", name="uq_bid_auction_id_bidder_id_request_id"
        ),
        sa.ForeignKeyConstraint(
            ["auction_id", "bidder_id"],
            ["auction_bidder.auction_id", "auction_bidder.bidder_id"],
            name="fk_bid_auction_id_bidder_id",
        ),
        sa.CheckConstraint("amount_fen >= 0 AND sequence >= 1", name="amounts"),
        sa.CheckConstraint("accepted = (refusal IS NULL)", name="outcome"),
        sa.CheckConstraint(
            "refusal IN ('auction_not_open','auction_closed','bid_too_low','bid_off_step')",
            name="refusal",
        ),
    )
    op.create_foreign_key("fk_auction_leading_bid_id", "auction", "bid", ["leading_bid_id"], ["id"])
    op.create_table(
        "bid_intake",
        sa.Column("process_id", sa.Uuid, primary_key=True),
        moment("renewed_at"),
        moment("recorded_until"),
    )
    for table in ("bid", "auction_bidder"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    op.drop_constraint("fk_auction_leading_bid_id", "auction", type_="foreignkey")
    for table in ("bid_intake", "bid", "auction_bidder", "auction"):
        op.drop_table(table)
