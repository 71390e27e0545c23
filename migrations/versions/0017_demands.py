"""Demands, solutions to them, and expressions of interest."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0017"
down_revision = "0013"


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


def demands() -> None:
    moment = sa.DateTime(timezone=True)
    words = ARRAY(sa.Text)
    op.create_table(
        "demand",
        *versioned(),
        reference("demand", "owner_id", "organisation", nullable=False),
        required("owner_name", sa.String),
        reference("demand", "broker_id", "organisation"),
        sa.Column("broker_name", sa.String),
        reference("demand", "person_id", "person"),
        required("profile", JSONB),
        required("type", sa.String),
        required("title", sa.String),
        required("anonymous", sa.Boolean),
        required("internal", sa.Boolean),
        required("technical_fields", words),
        sa.Column("province", sa.String),
        sa.Column("budget_fen", sa.BigInteger),
        required("completeness", sa.BigInteger),
        required("content_key", sa.Uuid),
        required("search_text", sa.String),
        required("grams", words),
        required("state", sa.String, server_default="draft"),
        required("rule_set", sa.String),
        sa.Column("review_note", sa.String),
        required("posted_at", moment, server_default=sa.text("market_now()")),
        sa.Column("published_at", moment),
        sa.Column("expires_at", moment),
        sa.Column("remind_at", moment),
        sa.Column("closed_at", moment),
        reference("demand", "supplier_id", "organisation"),
        sa.Column("awarded_fen", sa.BigInteger),
        sa.CheckConstraint(
            "state IN ('draft','under_review','published','matched','closed','expired',"
            "'withdrawn')",
            name="state",
        ),
        sa.CheckConstraint("type IN ('TR','BR','RDR')", name="request"),
        sa.CheckConstraint("completeness BETWEEN 0 AND 100", name="completeness"),
        sa.CheckConstraint("budget_fen > 0", name="budget"),
        sa.CheckConstraint(
            "state IN ('draft','under_review','withdrawn') OR (published_at IS NOT NULL"
            " AND expires_at IS NOT NULL)",
            name="published",
        ),
        sa.CheckConstraint(
            "(state = 'matched') = (supplier_id IS NOT NULL)"
            " AND (supplier_id IS NULL) = (awarded_fen IS NULL)",
            name="award",
        ),
    )
    public = sa.text("state IN ('published','matched','closed')")
    for name, column in (
        ("newest", "posted_at"),
        ("budget", "budget_fen"),
        ("expiring", "expires_at"),
    ):
        op.create_index(
            f"ix_demand_public_{name}", "demand", [column, "id"], postgresql_where=public
        )
    op.create_index("ix_demand_state", "demand", ["state", "posted_at", "id"])
    op.create_index("ix_demand_owner", "demand", ["owner_id", "posted_at", "id"])
    op.create_index("ix_demand_content", "demand", ["owner_id", "content_key"])
    op.create_index(
        "ix_demand_expiry",
        "demand",
        ["expires_at"],
        postgresql_where=sa.text("state = 'published'"),
    )
    op.create_index(
        "ix_demand_reminder",
        "demand",
        ["remind_at"],
        postgresql_where=sa.text("remind_at IS NOT NULL"),
    )
    op.create_index("ix_demand_grams", "demand", ["grams"], postgresql_using="gin")


def solutions() -> None:
    op.create_table(
        "demand_solution",
        *versioned(),
        reference("demand_solution", "demand_id", "demand", nullable=False),
        reference("demand_solution", "author_id", "organisation", nullable=False),
        reference("demand_solution", "broker_id", "organisation"),
        reference("demand_solution", "person_id", "person"),
        reference("demand_solution", "achievement_id", "achievement"),
        required("title", sa.String),
        required("content", sa.String),
        sa.Column("price_fen", sa.BigInteger),
        sa.Column("months", sa.BigInteger),
        required("state", sa.String, server_default="submitted"),
        sa.Column("reason", sa.String),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint(
            "demand_id", "author_id", name="uq_demand_solution_demand_id_author_id"
        ),
        sa.CheckConstraint(
            "state IN ('submitted','shortlisted','refused','withdrawn')", name="state"
        ),
        sa.CheckConstraint("price_fen > 0", name="price"),
    )
    op.create_index("ix_demand_solution_author", "demand_solution", ["author_id", "id"])


def interests() -> None:
    op.create_table(
        "interest",
        *versioned(),
        reference("interest", "demand_id", "demand"),
        reference("interest", "achievement_id", "achievement"),
        reference("interest", "owner_id", "organisation", nullable=False),
        reference("interest", "owner_broker_id", "organisation"),
        reference("interest", "owner_person_id", "person"),
        reference("interest", "party_id", "organisation", nullable=False),
        required("party_name", sa.String),
        reference("interest", "party_broker_id", "organisation"),
        reference("interest", "party_person_id", "person"),
        required("cooperation", sa.String),
        required("about", sa.String),
        required("questions", sa.String),
        required("state", sa.String, server_default="expressed"),
        sa.Column("reason", sa.String),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("(demand_id IS NULL) <> (achievement_id IS NULL)", name="one_object"),
        sa.CheckConstraint("party_id <> owner_id", name="two_parties"),
        sa.CheckConstraint(
            "state IN ('expressed','accepted','declined','withdrawn')", name="state"
        ),
    )
    for name in ("demand", "achievement"):
        live = f"{name}_id IS NOT NULL AND state IN ('expressed','accepted')"
        op.create_index(
            f"uq_interest_{name}",
            "interest",
            [f"{name}_id", "party_id"],
            unique=True,
            postgresql_where=sa.text(live),
        )
    op.create_index("ix_interest_party", "interest", ["party_id", "id"])
    op.create_index("ix_interest_owner", "interest", ["owner_id", "id"])


def upgrade() -> None:
    demands()
    solutions()
    interests()


def downgrade() -> None:
    for table in ("interest", "demand_solution", "demand"):
        op.drop_table(table)
