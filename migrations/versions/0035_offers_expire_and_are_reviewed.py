"""Achievements expire and are renewed, are reviewed, and have every member of the standard.

What is published already has the longest validity from the day of this migration, for nobody was
told of an end before; and it waits for its review.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0035"
down_revision = "0034"

LAST_DAY_ENDS = (
    "(date_trunc('day', market_now() AT TIME ZONE 'Asia/Shanghai') + interval '12 months'"
    " + interval '1 day') AT TIME ZONE 'Asia/Shanghai'"
)
STATES = "'draft','published','expired','withdrawn'"
STATES_BEFORE = "'draft','published','withdrawn'"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.add_column(
        "achievement",
        sa.Column("offer", JSONB, server_default=sa.text("'{}'"), nullable=False),
    )
    for name in ("expires_at", "expiry_due_at", "reviewed_at"):
        op.add_column("achievement", sa.Column(name, moment))
    op.add_column("achievement", sa.Column("review_note", sa.String))
    _states(STATES)
    op.create_check_constraint(
        "expired", "achievement", "state <> 'expired' OR expires_at IS NOT NULL"
    )
    op.create_check_constraint(
        "reviewed", "achievement", "reviewed_at IS NULL OR public_from IS NOT NULL"
    )
    # Nothing that a search shows changes, so the index is not told.
    op.execute("ALTER TABLE achievement DISABLE TRIGGER search_changed")
    op.execute(
        f"UPDATE achievement SET expires_at = {LAST_DAY_ENDS}, expiry_due_at = {LAST_DAY_ENDS}"
        " WHERE state = 'published'"
    )
    op.execute("ALTER TABLE achievement ENABLE TRIGGER search_changed")
    op.create_index(
        "ix_achievement_expiry",
        "achievement",
        ["expiry_due_at"],
        postgresql_where=sa.text("state = 'published'"),
    )
    op.create_index(
        "ix_achievement_unreviewed",
        "achievement",
        ["id"],
        postgresql_where=sa.text("state = 'published' AND reviewed_at IS NULL"),
    )


def _states(allowed: str) -> None:
    op.execute("ALTER TABLE achievement DROP CONSTRAINT ck_achievement_state")
    op.create_check_constraint("state", "achievement", f"state IN ({allowed})")


def downgrade() -> None:
    """What has expired is withdrawn, which hides it as well."""
    op.drop_index("ix_achievement_unreviewed", "achievement")
    op.drop_index("ix_achievement_expiry", "achievement")
    op.drop_constraint("reviewed", "achievement", type_="check")
    op.drop_constraint("expired", "achievement", type_="check")
    op.execute("UPDATE achievement SET state = 'withdrawn' WHERE state = 'expired'")
    _states(STATES_BEFORE)
    for name in ("review_note", "reviewed_at", "expiry_due_at", "expires_at", "offer"):
        op.drop_column("achievement", name)
