"""Listings, their claims on achievements, and applications to them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0004"
down_revision = "0003"


def versioned() -> list[sa.Column]:
    return [
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("market_now()"),
            nullable=False,
        ),
        sa.Column("version", sa.BigInteger, server_default="1", nullable=False),
    ]


def reference(table: str, name: str, target: str, **options) -> sa.Column:
    key = sa.ForeignKey(f"{target}.id", name=f"fk_{table}_{name}")
    return sa.Column(name, sa.Uuid, key, **options)


def required(name: str, kind, **options) -> sa.Column:
    return sa.Column(name, kind, nullable=False, **options)


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    words = ARRAY(sa.Text)
    op.create_table(
        "listing",
        *versioned(),
        reference("listing", "achievement_id", "achievement", nullable=False),
        reference("listing", "seller_id", "organisation", nullable=False),
        required("seller_name", sa.String),
        reference("listing", "broker_id", "organisation"),
        required("title", sa.String),
        required("summary", sa.String),
        required("technical_field", sa.String),
        required("ipc", words),
        required("region_code", sa.String),
        required("transfer_mode", sa.String),
        sa.Column("license_manner", sa.String),
        required("exclusive", sa.Boolean),
        required("profile", sa.String),
        required("rule_set", sa.String),
        required("rule_notes", words),
        required("disclosure_working_days", sa.BigInteger),
        required("price_fen", sa.BigInteger),
        required("deposit_fen", sa.BigInteger),
        required("increment_fen", sa.BigInteger),
        required("extension_s", sa.BigInteger),
        required("bidding_minutes", sa.BigInteger),
        required("opens_after_minutes", sa.BigInteger),
        required("conditions", sa.String),
        required("state", sa.String, server_default="draft"),
        sa.Column("review_note", sa.String),
        required("listed_at", moment, server_default=sa.text("market_now()")),
        sa.Column("published_at", moment),
        sa.Column("disclosure_from", sa.Date),
        sa.Column("closes_at", moment),
        required("closes_provisional", sa.Boolean, server_default=sa.text("false")),
        sa.Column("calendar_version", sa.String),
        sa.Column("closed_at", moment),
        required("search_text", sa.String),
        required("grams", words),
        required("ipc_terms", words),
        sa.CheckConstraint(
            "state IN ('draft','under_review','published','closed','awarded','failed','withdrawn')",
            name="state",
        ),
        sa.CheckConstraint("price_fen > 0", name="price"),
        sa.CheckConstraint("deposit_fen BETWEEN 0 AND price_fen", name="deposit"),
        sa.CheckConstraint("increment_fen > 0", name="increment"),
        sa.CheckConstraint("disclosure_working_days > 0", name="disclosure"),
        sa.CheckConstraint("extension_s > 0", name="extension"),
        sa.CheckConstraint("bidding_minutes > 0", name="bidding"),
        sa.CheckConstraint("opens_after_minutes >= 0", name="opening"),
        sa.CheckConstraint(
            "(transfer_mode = 'license') = (license_manner IS NOT NULL)", name="manner"
        ),
        sa.CheckConstraint(
            "state NOT IN ('published','closed','awarded','failed') OR (published_at IS NOT NULL"
            " AND disclosure_from IS NOT NULL AND closes_at IS NOT NULL"
            " AND calendar_version IS NOT NULL)",
            name="period",
        ),
    )
    op.create_index(
        "uq_listing_exclusive_right",
        "listing",
        ["achievement_id"],
        unique=True,
        postgresql_where=sa.text("exclusive AND state IN ('under_review','published','closed')"),
    )
    public = sa.text("published_at IS NOT NULL")
    for name, columns in (
        ("newest", ["listed_at", "id"]),
        ("price", ["price_fen", "id"]),
        ("closing", ["closes_at", "id"]),
        ("field", ["technical_field", "listed_at", "id"]),
    ):
        op.create_index(f"ix_listing_public_{name}", "listing", columns, postgresql_where=public)
    op.create_index("ix_listing_state_newest", "listing", ["state", "listed_at", "id"])
    op.create_index("ix_listing_state_closing", "listing", ["state", "closes_at", "id"])
    op.create_index("ix_listing_seller", "listing", ["seller_id", "listed_at", "id"])
    op.create_index("ix_listing_achievement", "listing", ["achievement_id"])
    op.create_index("ix_listing_region", "listing", ["region_code"])
    op.create_index("ix_listing_grams", "listing", ["grams"], postgresql_using="gin")
    op.create_index("ix_listing_ipc_terms", "listing", ["ipc_terms"], postgresql_using="gin")
    op.create_table(
        "listing_claim",
        reference("listing_claim", "listing_id", "listing", primary_key=True),
        reference("listing_claim", "achievement_id", "achievement", primary_key=True),
        required("exclusive", sa.Boolean),
    )
    op.create_index(
        "uq_listing_claim_exclusive",
        "listing_claim",
        ["achievement_id"],
        unique=True,
        postgresql_where=sa.text("exclusive"),
    )
    op.create_index("ix_listing_claim_achievement", "listing_claim", ["achievement_id"])
    op.create_table(
        "listing_application",
        *versioned(),
        reference("listing_application", "listing_id", "listing", nullable=False),
        reference("listing_application", "applicant_id", "organisation", nullable=False),
        reference("listing_application", "broker_id", "organisation"),
        required("statement", sa.String),
        required("state", sa.String, server_default="submitted"),
        sa.Column("reason", sa.String),
        sa.Column("decided_at", moment),
        sa.Column("deposit_confirmed_at", moment),
        sa.UniqueConstraint(
            "listing_id", "applicant_id", name="uq_listing_application_listing_id_applicant_id"
        ),
        sa.CheckConstraint(
            "state IN ('submitted','qualified','refused','withdrawn')", name="state"
        ),
    )
    op.create_index(
        "ix_listing_application_applicant", "listing_application", ["applicant_id", "id"]
    )


def downgrade() -> None:
    for table in ("listing_application", "listing_claim", "listing"):
        op.drop_table(table)
