"""Editable webhooks; deposits asked for again, and re-auctions that wait for them."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0022"


def upgrade() -> None:
    op.add_column(
        "webhook", sa.Column("version", sa.BigInteger, server_default="1", nullable=False)
    )
    op.add_column("webhook", sa.Column("description", sa.String))
    _rounds()


def _rounds() -> None:
    op.add_column("deposit", sa.Column("round", sa.BigInteger, server_default="1", nullable=False))
    op.create_check_constraint("round", "deposit", "round >= 1")
    op.drop_constraint("uq_deposit_purpose_id", "deposit")
    op.create_unique_constraint("uq_deposit_purpose_id_round", "deposit", ["purpose_id", "round"])
    op.create_index(
        "uq_deposit_open",
        "deposit",
        ["purpose_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'settled'"),
    )
    op.execute(
        "CREATE TRIGGER deposit_round_fixed BEFORE UPDATE OF round ON deposit"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.add_column("deal", sa.Column("auction_again_at", sa.DateTime(timezone=True)))
    op.create_check_constraint(
        "auction_again", "deal", "auction_again_at IS NULL OR state = 'defaulted'"
    )
    op.create_index(
        "ix_deal_to_auction_again",
        "deal",
        ["auction_again_at"],
        postgresql_where=sa.text("auction_again_at IS NOT NULL"),
    )
    _settlement()
    op.add_column("listing", sa.Column("suspended_until", sa.DateTime(timezone=True)))
    op.create_check_constraint(
        "suspended_until", "listing", "suspended_until IS NULL OR state = 'suspended'"
    )
    op.create_index(
        "ix_listing_suspended_until",
        "listing",
        ["suspended_until"],
        postgresql_where=sa.text("suspended_until IS NOT NULL"),
    )


def _settlement() -> None:
    op.add_column("refund", sa.Column("bank_status", sa.String))
    op.add_column("deal", sa.Column("settled_at", sa.DateTime(timezone=True)))
    op.add_column("deal", sa.Column("seller_commission_fen", sa.BigInteger))
    op.create_check_constraint(
        "settled",
        "deal",
        "(settled_at IS NULL) = (seller_commission_fen IS NULL)"
        " AND (settled_at IS NULL OR contracted_at IS NOT NULL)",
    )


def downgrade() -> None:
    """Money of later rounds stands on accounts of its own: such deposits cannot be taken back."""
    op.drop_index("ix_listing_suspended_until")
    op.drop_constraint("suspended_until", "listing")
    op.drop_column("listing", "suspended_until")
    op.drop_constraint("settled", "deal")
    op.drop_column("deal", "seller_commission_fen")
    op.drop_column("deal", "settled_at")
    op.drop_column("refund", "bank_status")
    op.drop_index("ix_deal_to_auction_again")
    op.drop_constraint("auction_again", "deal")
    op.drop_column("deal", "auction_again_at")
    op.execute("DROP TRIGGER deposit_round_fixed ON deposit")
    op.drop_index("uq_deposit_open")
    op.drop_constraint("uq_deposit_purpose_id_round", "deposit")
    # Fails, as it should, where a deposit was asked for a second time.
    op.create_unique_constraint("uq_deposit_purpose_id", "deposit", ["purpose_id"])
    op.drop_constraint("round", "deposit")
    op.drop_column("deposit", "round")
    op.drop_column("webhook", "description")
    op.drop_column("webhook", "version")
