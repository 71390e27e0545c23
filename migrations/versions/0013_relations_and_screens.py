"""Declared relations between parties, the device of a bid, and flags of the collusion screens."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0013"
down_revision = "0012"

KINDS = (
    "'controls','controlled_by','same_controller','close_relative','platform_staff',"
    "'appraiser_of','broker_of'"
)
SCREENS = (
    "'shared_control','shared_device','shared_payer','shared_agent','low_variance',"
    "'relative_distance','close_bids','bid_rotation','cover_bids','constant_loser'"
)


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


def upgrade() -> None:
    op.create_table(
        "party_relation",
        *identified(),
        reference("party_relation", "organisation_id", "organisation"),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("other_credit_code", sa.String, nullable=False),
        sa.Column("achievement_id", sa.Uuid),
        sa.Column("listing_id", sa.Uuid),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_until", sa.Date),
        sa.Column("evidence", sa.String, nullable=False),
        reference("party_relation", "declared_by", "organisation"),
        moment("ended_at", nullable=True),
        sa.CheckConstraint(f"kind IN ({KINDS})", name="kind"),
        sa.CheckConstraint("valid_until IS NULL OR valid_from <= valid_until", name="period"),
        sa.CheckConstraint(
            "kind IN ('appraiser_of','broker_of')"
            " OR (achievement_id IS NULL AND listing_id IS NULL)",
            name="subject",
        ),
    )
    op.create_index("ix_party_relation_organisation", "party_relation", ["organisation_id", "id"])
    op.create_index("ix_party_relation_other", "party_relation", ["other_credit_code", "id"])
    op.add_column("bid", sa.Column("device", sa.String))
    op.create_table(
        "collusion_flag",
        *identified(),
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.BigInteger, server_default="1", nullable=False),
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("screen", sa.String, nullable=False),
        sa.Column("rule_set", sa.String, nullable=False),
        sa.Column("period_from", sa.Date, nullable=False),
        sa.Column("period_until", sa.Date, nullable=False),
        sa.Column("market", sa.String, nullable=False),
        sa.Column("auctions", ARRAY(sa.Uuid), nullable=False),
        sa.Column("bidders", ARRAY(sa.Uuid), nullable=False),
        sa.Column("strength", sa.Double, nullable=False),
        sa.Column("threshold", sa.Double, nullable=False),
        sa.Column("evidence", JSONB, nullable=False),
        sa.Column("state", sa.String, server_default="open", nullable=False),
        sa.Column("reason", sa.String),
        moment("decided_at", nullable=True),
        reference("collusion_flag", "decided_by", "person", nullable=True),
        sa.UniqueConstraint("fingerprint", name="uq_collusion_flag_fingerprint"),
        sa.CheckConstraint(f"screen IN ({SCREENS})", name="screen"),
        sa.CheckConstraint("state IN ('open','dismissed','referred')", name="state"),
        sa.CheckConstraint("period_from <= period_until", name="period"),
        sa.CheckConstraint(
            "cardinality(auctions) >= 1 AND cardinality(bidders) >= 2", name="concerns"
        ),
        sa.CheckConstraint(
            "(state = 'open') = (reason IS NULL) AND (state = 'open') = (decided_at IS NULL)"
            " AND (state = 'open') = (decided_by IS NULL)",
            name="decision",
        ),
    )
    op.create_index("ix_collusion_flag_state", "collusion_flag", ["state", "id"])


def downgrade() -> None:
    op.drop_table("collusion_flag")
    op.drop_column("bid", "device")
    op.drop_table("party_relation")
