"""The facts that the statistics count."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

INDEXES = {
    "registered_on": ["registered_on"],
    "class": ["contract_class", "registered_on"],
    "field": ["technical_field", "registered_on"],
    "flow": ["seller_region", "buyer_region", "registered_on"],
    "buyer_region": ["buyer_region", "registered_on"],
    "seller_kind": ["seller_kind", "registered_on"],
}


def upgrade() -> None:
    op.create_table(
        "registered_contract",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("market_now()"),
            nullable=False,
        ),
        sa.Column(
            "registration_id",
            sa.Uuid,
            sa.ForeignKey("registration.id", name="fk_registered_contract_registration_id"),
            nullable=False,
        ),
        sa.Column("number", sa.String, nullable=False),
        sa.Column("contract_class", sa.String, nullable=False),
        sa.Column("sub_class", sa.String),
        sa.Column("technical_field", sa.String, nullable=False),
        sa.Column("total_fen", sa.BigInteger, nullable=False),
        sa.Column("technical_fen", sa.BigInteger, nullable=False),
        sa.Column("seller_id", sa.Uuid, nullable=False),
        sa.Column("seller_kind", sa.String, nullable=False),
        sa.Column("seller_region", sa.String, nullable=False),
        sa.Column("buyer_id", sa.Uuid, nullable=False),
        sa.Column("buyer_kind", sa.String, nullable=False),
        sa.Column("buyer_region", sa.String, nullable=False),
        sa.Column("office_id", sa.Uuid, nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("registered_on", sa.Date, nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("registration_id", name="uq_registered_contract_registration_id"),
    )
    for name, columns in INDEXES.items():
        op.create_index(f"ix_registered_contract_{name}", "registered_contract", columns)


def downgrade() -> None:
    op.drop_table("registered_contract")
