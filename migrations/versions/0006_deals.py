"""Deals."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def reference(name: str, target: str, *, nullable: bool = False) -> sa.Column:
    key = sa.ForeignKey(f"{target}.id", name=f"fk_deal_{name}")
    return sa.Column(name, sa.Uuid, key, nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "deal",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("market_now()"),
            nullable=False,
        ),
        sa.Column("version", sa.BigInteger, server_default="1", nullable=False),
        reference("listing_id", "listing"),
        reference("auction_id", "auction", nullable=True),
        reference("achievement_id", "achievement"),
        reference("seller_id", "organisation"),
        reference("buyer_id", "organisation"),
        sa.Column("price_fen", sa.BigInteger, nullable=False),
        sa.Column("transfer_mode", sa.String, nullable=False),
        sa.Column("license_manner", sa.String),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("method", sa.String, nullable=False),
        sa.Column("state", sa.String, server_default="concluded", nullable=False),
        sa.Column("concluded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contracted_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("listing_id", name="uq_deal_listing_id"),
        sa.UniqueConstraint("auction_id", name="uq_deal_auction_id"),
        sa.CheckConstraint("state IN ('concluded','contracted','cancelled')", name="state"),
        sa.CheckConstraint("method IN ('auction','negotiation')", name="method"),
        sa.CheckConstraint("(method = 'auction') = (auction_id IS NOT NULL)", name="auction"),
        sa.CheckConstraint("price_fen >= 0", name="price"),
        sa.CheckConstraint("seller_id <> buyer_id", name="two_parties"),
        sa.CheckConstraint(
            "(state = 'contracted') = (contracted_at IS NOT NULL)", name="contracted"
        ),
    )
    op.create_index("ix_deal_seller_id", "deal", ["seller_id", "id"])
    op.create_index("ix_deal_buyer_id", "deal", ["buyer_id", "id"])
    op.create_index("ix_deal_state_id", "deal", ["state", "id"])


def downgrade() -> None:
    op.drop_table("deal")
