"""The change feed and the webhooks that bring it to organisations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0016"
down_revision = "0020"


def _time(name: str, default: str | None = None, *, nullable: bool = False) -> sa.Column:
    value = None if default is None else sa.text(default)
    return sa.Column(name, sa.DateTime(timezone=True), server_default=value, nullable=nullable)


def _change_columns() -> list[sa.Column]:
    return [
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("act", sa.String, nullable=False),
        sa.Column("object_id", sa.Uuid, nullable=False),
    ]


def _circle_columns() -> list[sa.Column | sa.CheckConstraint]:
    return [
        sa.Column("circle", sa.String, nullable=False),
        sa.Column("party_ids", ARRAY(sa.Uuid), nullable=False),
        sa.CheckConstraint("circle IN ('public','members','parties')", name="circle"),
    ]


def upgrade() -> None:
    op.create_table(
        "noted_change",
        sa.Column("sequence", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        *_change_columns(),
        _time("at", "market_now()"),
        _time("noted_at", "clock_timestamp()"),
        *_circle_columns(),
    )
    op.create_table(
        "change",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        *_change_columns(),
        _time("at"),
        *_circle_columns(),
    )
    op.execute(
        "CREATE TRIGGER change_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON change"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    _create_webhook()
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.Uuid, primary_key=True),
        _time("created_at", "market_now()"),
        sa.Column(
            "webhook_id",
            sa.Uuid,
            sa.ForeignKey("webhook.id", name="fk_webhook_delivery_webhook_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("message_id", sa.String, nullable=False),
        sa.Column("position", sa.BigInteger),
        sa.Column("attempt", sa.BigInteger, nullable=False),
        _time("attempted_at"),
        sa.Column("outcome", sa.String, nullable=False),
        sa.Column("status", sa.BigInteger),
        sa.Column("error", sa.String),
        sa.Column("took_ms", sa.BigInteger, nullable=False),
        sa.CheckConstraint("outcome IN ('delivered','failed')", name="outcome"),
    )
    op.create_index("ix_webhook_delivery_webhook_id", "webhook_delivery", ["webhook_id", "id"])
    op.create_index("ix_webhook_delivery_attempted_at", "webhook_delivery", ["attempted_at"])


def _create_webhook() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", sa.Uuid, primary_key=True),
        _time("created_at", "market_now()"),
        sa.Column(
            "party_id",
            sa.Uuid,
            sa.ForeignKey("organisation.id", name="fk_webhook_party_id"),
            nullable=False,
        ),
        sa.Column("url", sa.String, nullable=False),
        sa.Column("kinds", ARRAY(sa.TEXT), nullable=False),
        sa.Column("mine", sa.Boolean, nullable=False),
        sa.Column("state", sa.String, server_default=sa.text("'active'"), nullable=False),
        sa.Column("disabled_because", sa.String),
        sa.Column("key_id", sa.String, nullable=False),
        sa.Column("generation", sa.BigInteger, server_default=sa.text("1"), nullable=False),
        _time("rotated_at", nullable=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.BigInteger, server_default=sa.text("0"), nullable=False),
        _time("failing_since", nullable=True),
        _time("next_attempt_at", "clock_timestamp()"),
        sa.Column("test_id", sa.Uuid),
        sa.Column("claim", sa.Uuid),
        _time("claimed_until", nullable=True),
        sa.CheckConstraint("state IN ('active','disabled')", name="state"),
        sa.CheckConstraint("(state = 'disabled') = (disabled_because IS NOT NULL)", name="because"),
        sa.CheckConstraint("(failures > 0) = (failing_since IS NOT NULL)", name="failing"),
        sa.CheckConstraint("(claim IS NULL) = (claimed_until IS NULL)", name="claim"),
        sa.CheckConstraint("position >= 0", name="position"),
    )
    op.create_index("ix_webhook_party_id", "webhook", ["party_id", "id"])


def downgrade() -> None:
    op.drop_table("webhook_delivery")
    op.drop_table("webhook")
    op.drop_table("change")
    op.drop_table("noted_change")
