"""Learned market models, and the loop: what was asked, valued and paid for every offer."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0028"
down_revision = "0032"

MOMENT = sa.DateTime(timezone=True)

# A model is what old estimates are computed from anew: only its state moves on.
MODEL_STANDS = """
CREATE FUNCTION market_model_stands() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moving text[] := ARRAY['state', 'version', 'alarm', 'alarmed_at', 'replaced_at'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'market model % stays on record', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state = 'replaced' OR to_jsonb(NEW) - moving <> to_jsonb(OLD) - moving THEN
        RAISE EXCEPTION 'market model % stands as it was trained', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER market_model_stands BEFORE UPDATE OR DELETE ON market_model
    FOR EACH ROW EXECUTE FUNCTION market_model_stands();
"""

MODEL_CHECKS = {
    "state": "state IN ('current','drifting','replaced')",
    "alarm": "(alarm IS NULL) = (alarmed_at IS NULL)"
    " AND (state <> 'drifting' OR alarm IS NOT NULL)",
    "replaced": "(state = 'replaced') = (replaced_at IS NOT NULL)",
    "sha256": "octet_length(sha256) = 32",
    "sizes": "deals > 0 AND failed >= 0 AND number > 0",
    "days": "first_day <= last_day",
}
OUTCOME_CHECKS = {
    "source": "source IN ('contract','auction','imported','failed')",
    "origin": "(source = 'failed') = (auction_id IS NOT NULL)"
    " AND (source = 'failed') = (comparable_id IS NULL)",
    "cleared": "(source = 'failed') = (cleared_fen IS NULL)",
    "amounts": "cleared_fen > 0 AND asked_fen > 0 AND floor_fen > 0",
    "trl": "trl BETWEEN 1 AND 9",
    "valued": "num_nonnulls(valuation_id, valued_low_fen, valued_fen, valued_high_fen) IN (0, 4)",
    "model": "num_nonnulls(model_id, model_low_fen, model_fen, model_high_fen) IN (0, 4)"
    " AND (model_id IS NULL OR refused IS NULL)",
    "ranges": "valued_low_fen <= valued_fen AND valued_fen <= valued_high_fen"
    " AND model_low_fen <= model_fen AND model_fen <= model_high_fen",
}


def identified(*, versioned: bool = True) -> list[sa.Column]:
    columns = [
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("created_at", MOMENT, server_default=sa.text("market_now()"), nullable=False),
    ]
    if versioned:
        columns.append(sa.Column("version", sa.BigInteger, server_default="1", nullable=False))
    return columns


def reference(table: str, name: str, target: str) -> sa.Column:
    key = sa.ForeignKey(f"{target}.id", name=f"fk_{table}_{name}")
    return sa.Column(name, sa.Uuid, key, nullable=True)


def required(name: str, kind, **options) -> sa.Column:
    return sa.Column(name, kind, nullable=False, **options)


def checks(conditions: dict[str, str]) -> list[sa.CheckConstraint]:
    return [sa.CheckConstraint(condition, name=name) for name, condition in conditions.items()]


def upgrade() -> None:
    op.add_column("comparable_price", sa.Column("ip_kind", sa.String))
    op.add_column("comparable_price", sa.Column("followed_at", MOMENT))
    op.create_index(
        "ix_comparable_price_to_follow",
        "comparable_price",
        ["id"],
        postgresql_where=sa.text("followed_at IS NULL"),
    )
    market_models()
    outcomes()
    op.execute(MODEL_STANDS)


def market_models() -> None:
    table = "market_model"
    op.create_table(
        table,
        *identified(),
        required("number", sa.BigInteger),
        required("rule_set", sa.String),
        required("data_cut", MOMENT),
        required("first_day", sa.Date),
        required("last_day", sa.Date),
        required("deals", sa.BigInteger),
        required("failed", sa.BigInteger),
        required("seed", sa.BigInteger),
        required("library", sa.String),
        required("sha256", sa.LargeBinary),
        required("artefact", sa.LargeBinary),
        required("backtest", JSONB),
        required("state", sa.String, server_default="current"),
        sa.Column("alarm", JSONB),
        sa.Column("alarmed_at", MOMENT),
        sa.Column("replaced_at", MOMENT),
        sa.UniqueConstraint("number", name="uq_market_model_number"),
        *checks(MODEL_CHECKS),
    )
    op.create_index(
        "ix_market_model_in_use",
        table,
        [sa.text("(true)")],
        unique=True,
        postgresql_where=sa.text("state <> 'replaced'"),
    )


def outcomes() -> None:
    table = "price_outcome"
    amounts = (
        "asked_fen",
        "floor_fen",
        "cleared_fen",
        "valued_low_fen",
        "valued_fen",
        "valued_high_fen",
        "model_low_fen",
        "model_fen",
        "model_high_fen",
        "bidders",
        "trl",
    )
    op.create_table(
        table,
        *identified(versioned=False),
        required("source", sa.String),
        reference(table, "comparable_id", "comparable_price"),
        reference(table, "auction_id", "auction"),
        reference(table, "achievement_id", "achievement"),
        required("happened_on", sa.Date),
        required("technical_field", sa.String),
        sa.Column("section", sa.String),
        required("transfer_mode", sa.String),
        sa.Column("ip_kind", sa.String),
        required("region", sa.String),
        sa.Column("seller_kind", sa.String),
        required("exclusive", sa.Boolean),
        *(sa.Column(name, sa.BigInteger) for name in amounts),
        reference(table, "valuation_id", "valuation"),
        reference(table, "model_id", "market_model"),
        sa.Column("refused", sa.String),
        sa.Column("voided_at", MOMENT),
        sa.UniqueConstraint("comparable_id", name="uq_price_outcome_comparable_id"),
        sa.UniqueConstraint("auction_id", name="uq_price_outcome_auction_id"),
        *checks(OUTCOME_CHECKS),
    )
    op.create_index("ix_price_outcome_day", table, ["happened_on", "id"])
    op.create_index("ix_price_outcome_created", table, ["created_at"])
    op.create_index("ix_price_outcome_model", table, ["model_id", "id"])


def downgrade() -> None:
    op.drop_table("price_outcome")
    op.drop_table("market_model")
    op.execute("DROP FUNCTION market_model_stands()")
    op.drop_index("ix_comparable_price_to_follow", "comparable_price")
    op.drop_column("comparable_price", "followed_at")
    op.drop_column("comparable_price", "ip_kind")
