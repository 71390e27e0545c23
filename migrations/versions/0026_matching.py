"""Matching: what brokers and operators say of matches."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Make the table, append-only."""
    op.create_table(
        "match_judgment",
        sa.Column("demand_id", sa.Uuid(), nullable=False),
        sa.Column("achievement_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("market_now()"),
            nullable=False,
        ),
        sa.CheckConstraint("verdict IN ('accept','reject')", name="ck_match_judgment_verdict"),
        sa.CheckConstraint("verdict = 'accept' OR reason <> ''", name="ck_match_judgment_reason"),
        sa.ForeignKeyConstraint(["demand_id"], ["demand.id"], name="fk_match_judgment_demand_id"),
        sa.ForeignKeyConstraint(
            ["achievement_id"], ["achievement.id"], name="fk_match_judgment_achievement_id"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name="fk_match_judgment_organisation_id"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_match_judgment_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_match_judgment"),
    )
    op.create_index(
        "ix_match_judgment_pair",
        "match_judgment",
        ["demand_id", "achievement_id", "organisation_id", "id"],
    )
    op.create_index("ix_match_judgment_organisation", "match_judgment", ["organisation_id", "id"])
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON match_judgment"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    """Take the table away."""
    op.drop_table("match_judgment")
