"""Auctions may seek a supplier for a demand; deals know their award and what a default costs."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    key = sa.ForeignKey("demand.id", name="fk_auction_demand_id")
    op.add_column("auction", sa.Column("demand_id", sa.Uuid, key))
    op.alter_column("auction", "listing_id", nullable=True)
    op.create_unique_constraint("uq_auction_demand_id_round", "auction", ["demand_id", "round"])
    op.create_check_constraint("subject", "auction", "num_nonnulls(listing_id, demand_id) = 1")

    _deals()


def _deals() -> None:
    key = sa.ForeignKey("auction_award.id", name="fk_deal_award_id")
    op.add_column("deal", sa.Column("award_id", sa.Uuid, key))
    op.add_column("deal", sa.Column("sole", sa.Boolean, server_default=sa.true(), nullable=False))
    op.add_column("deal", sa.Column("commissions_fen", sa.BigInteger))
    op.add_column("deal", sa.Column("shortfall_fen", sa.BigInteger))
    op.execute(
        "UPDATE deal SET award_id = a.id FROM auction_award a"
        " WHERE a.auction_id = deal.auction_id AND a.bidder_id = deal.buyer_id"
    )
    op.create_unique_constraint("uq_deal_award_id", "deal", ["award_id"])
    op.drop_index("uq_deal_live_listing", "deal")
    op.create_index(
        "uq_deal_live_listing",
        "deal",
        ["listing_id"],
        unique=True,
        postgresql_where=sa.text("sole AND state NOT IN ('cancelled','defaulted')"),
    )
    op.drop_index("uq_deal_first_of_auction", "deal")
    op.create_index(
        "uq_deal_first_of_auction",
        "deal",
        ["auction_id"],
        unique=True,
        postgresql_where=sa.text("succeeds_id IS NULL AND sole"),
    )


def downgrade() -> None:
    raise RuntimeError("auctions of demands cannot be told as auctions of listings")
