"""Auctions may seek a supplier for a demand instead of selling a listing."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0017"


def upgrade() -> None:
    key = sa.ForeignKey("demand.id", name="fk_auction_demand_id")
    op.add_column("auction", sa.Column("demand_id", sa.Uuid, key))
    op.alter_column("auction", "listing_id", nullable=True)
    op.create_unique_constraint("uq_auction_demand_id_round", "auction", ["demand_id", "round"])
    op.create_check_constraint("subject", "auction", "num_nonnulls(listing_id, demand_id) = 1")


def downgrade() -> None:
    op.drop_constraint("subject", "auction", type_="check")
    op.alter_column("auction", "listing_id", nullable=False)
    op.drop_column("auction", "demand_id")
