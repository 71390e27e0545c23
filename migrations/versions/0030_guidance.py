"""Auction guidance, and calibrations of the probability of a sale."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0030"
down_revision = "0028"

MOMENT = sa.DateTime(timezone=True)
TABLES = ("auction_guidance", "sale_calibration")

STANDS = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
    ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def identified() -> list[sa.Column]:
    return [
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.text("market_now()")),
    ]


def required(name: str, kind: object) -> sa.Column:
    return sa.Column(name, kind, nullable=False)


def reference(column: str, other: str, *, nullable: bool = False) -> sa.Column:
    key = sa.ForeignKey(f"{other}.id", name=f"fk_auction_guidance_{column}")
    return sa.Column(column, sa.Uuid, key, nullable=nullable)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "sale_calibration",
        *identified(),
        required("intercept", sa.Float),
        required("slope", sa.Float),
        required("outcomes", sa.BigInteger),
        required("sold", sa.BigInteger),
        required("error", sa.Float),
        required("method_version", sa.String),
        required("data_cut", MOMENT),
        sa.CheckConstraint("slope > 0", name="slope"),
        sa.CheckConstraint("0 < sold AND sold < outcomes", name="outcomes"),
    )
    op.create_table(
        "auction_guidance",
        *identified(),
        reference("listing_id", "listing"),
        reference("valuation_id", "valuation"),
        reference("calibration_id", "sale_calibration", nullable=True),
        reference("party_id", "organisation"),
        reference("asked_by", "person", nullable=True),
        required("next_round", sa.Boolean),
        required("inputs", JSONB),
        required("advice", JSONB),
        required("start_fen", sa.BigInteger),
        required("stated_probability", sa.Float),
        required("rule_set", sa.String),
        required("method_version", sa.String),
        required("data_cut", MOMENT),
        sa.CheckConstraint("start_fen > 0", name="start"),
        sa.CheckConstraint("stated_probability BETWEEN 0 AND 1", name="stated_probability"),
    )
    op.create_index("ix_auction_guidance_listing", "auction_guidance", ["listing_id", "id"])
    op.create_index("ix_auction_guidance_party", "auction_guidance", ["party_id", "id"])
    for table in TABLES:
        op.execute(STANDS.format(table=table))


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
