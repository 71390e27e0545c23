"""A journal of what was counted, aggregates over it, and tables that were published."""

import re
import unicodedata

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, TEXT

revision = "0024"
down_revision = "0023"

INDEXES = {
    "registered_on": ["registered_on"],
    "booked_month": ["booked_month"],
}
OLD_INDEXES = ("class", "field", "flow", "buyer_region", "seller_kind")


def upgrade() -> None:
    _journal()
    _aggregates()
    _publications()
    _fill()
    _register()


def _journal() -> None:
    """The facts become lines: one that adds, and one that takes the same away again."""
    op.rename_table("registered_contract", "statistics_entry")
    op.execute(
        "ALTER TABLE statistics_entry RENAME CONSTRAINT pk_registered_contract"
        " TO pk_statistics_entry"
    )
    op.execute(
        "ALTER INDEX ix_registered_contract_registered_on"
        " RENAME TO ix_statistics_entry_registered_on"
    )
    for name in OLD_INDEXES:
        op.drop_index(f"ix_registered_contract_{name}", "statistics_entry")
    op.drop_constraint("uq_registered_contract_registration_id", "statistics_entry")
    op.execute(
        "ALTER TABLE statistics_entry RENAME CONSTRAINT"
        " fk_registered_contract_registration_id TO fk_statistics_entry_registration_id"
    )
    small = sa.SmallInteger
    op.add_column("statistics_entry", sa.Column("revision", sa.BigInteger, server_default="1"))
    op.add_column("statistics_entry", sa.Column("sign", small, server_default="1"))
    op.add_column("statistics_entry", sa.Column("booked_month", sa.Date))
    for name in ("ip_type", "plan_category", "objective"):
        op.add_column("statistics_entry", sa.Column(name, sa.String, server_default="not_stated"))
    op.execute(
        "UPDATE statistics_entry SET booked_month = date_trunc('month', registered_on),"
        " seller_kind = CASE seller_kind WHEN 'institute' THEN 'research_institute'"
        " WHEN 'broker' THEN 'enterprise' ELSE seller_kind END,"
        " buyer_kind = CASE buyer_kind WHEN 'institute' THEN 'research_institute'"
        " WHEN 'broker' THEN 'enterprise' ELSE buyer_kind END,"
        " sub_class = COALESCE(sub_class, contract_class)"
    )
    for name in (
        "revision",
        "sign",
        "booked_month",
        "sub_class",
        "ip_type",
        "plan_category",
        "objective",
    ):
        op.alter_column("statistics_entry", name, nullable=False, server_default=None)
    op.create_unique_constraint(
        "uq_statistics_entry_registration_id_revision_sign",
        "statistics_entry",
        ["registration_id", "revision", "sign"],
    )
    op.create_check_constraint("sign", "statistics_entry", "sign IN (1, -1)")
    op.create_check_constraint(
        "booked_month", "statistics_entry", "EXTRACT(day FROM booked_month) = 1"
    )
    op.create_index("ix_statistics_entry_booked_month", "statistics_entry", ["booked_month"])
    op.execute(
        "CREATE TRIGGER statistics_entry_append_only BEFORE UPDATE OR DELETE ON statistics_entry"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _aggregates() -> None:
    key = sa.ForeignKey("statistics_entry.id", name="fk_statistics_pending_entry_id")
    op.create_table("statistics_pending", sa.Column("entry_id", sa.Uuid, key, primary_key=True))
    op.create_table(
        "statistics_cell",
        sa.Column("month", sa.Date, primary_key=True),
        sa.Column("dimension", sa.String, primary_key=True),
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("contracts", sa.BigInteger, nullable=False),
        sa.Column("total_fen", sa.Numeric(40, 0), nullable=False),
        sa.Column("technical_fen", sa.Numeric(40, 0), nullable=False),
    )
    op.create_index("ix_statistics_cell_dimension_month", "statistics_cell", ["dimension", "month"])


def _publications() -> None:
    at = sa.DateTime(timezone=True)
    op.create_table(
        "statistics_period",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("created_at", at, server_default=sa.text("market_now()"), nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("first", sa.Date, nullable=False),
        sa.Column("last", sa.Date, nullable=False),
        sa.Column("closes_at", at, nullable=False),
        sa.Column("closed_at", at),
        sa.Column("published_at", at),
        sa.UniqueConstraint("kind", "first", name="uq_statistics_period_kind_first"),
        sa.CheckConstraint("kind IN ('month','quarter','year')", name="kind"),
        sa.CheckConstraint("first < last", name="span"),
        sa.CheckConstraint("published_at IS NULL OR closed_at IS NOT NULL", name="published"),
    )
    op.create_index(
        "ix_statistics_period_waiting",
        "statistics_period",
        ["closes_at"],
        postgresql_where=sa.text("published_at IS NULL"),
    )
    key = sa.ForeignKey("statistics_period.id", name="fk_statistics_published_period_id")
    op.create_table(
        "statistics_published",
        sa.Column("period_id", sa.Uuid, key, primary_key=True),
        sa.Column("dimension", sa.String, primary_key=True),
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("contracts", sa.BigInteger),
        sa.Column("total_fen", sa.Numeric(40, 0)),
        sa.Column("technical_fen", sa.Numeric(40, 0)),
        sa.Column("withheld", sa.String),
        sa.CheckConstraint("withheld IN ('small','complement')", name="withheld"),
        sa.CheckConstraint(
            "num_nonnulls(contracts, total_fen, technical_fen)"
            " = CASE WHEN withheld IS NULL THEN 3 ELSE 0 END",
            name="figures",
        ),
    )
    op.execute(
        "CREATE TRIGGER statistics_published_append_only BEFORE UPDATE OR DELETE"
        " ON statistics_published FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _fill() -> None:
    """What is counted already waits for its aggregates; its periods wait for their publication."""
    op.execute("INSERT INTO statistics_pending SELECT id FROM statistics_entry")
    for kind, length in (("month", "1 month"), ("quarter", "3 months"), ("year", "1 year")):
        op.execute(
            "INSERT INTO statistics_period (id, kind, first, last, closes_at)"
            f" SELECT uuidv7(), '{kind}', first, (first + interval '{length}' - interval '1 day'),"
            f" (first + interval '{length}' + interval '10 days') AT TIME ZONE 'Asia/Shanghai'"
            f" FROM (SELECT DISTINCT date_trunc('{kind}', booked_month)::date AS first"
            " FROM statistics_entry) AS periods"
        )


def _register() -> None:
    """The register is searched by the characters of its titles, and by what narrows it."""
    words = ARRAY(TEXT)
    op.add_column("registration", sa.Column("search_text", sa.String, server_default=""))
    op.add_column("registration", sa.Column("grams", words, server_default="{}"))
    rows = op.get_bind().execute(sa.text("SELECT id, title FROM registration")).all()
    for registration_id, title in rows:
        plain = _normalised(title)
        op.get_bind().execute(
            sa.text("UPDATE registration SET search_text = :plain, grams = :grams WHERE id = :id"),
            {"plain": plain, "grams": _grams(plain), "id": registration_id},
        )
    for name in ("search_text", "grams"):
        op.alter_column("registration", name, nullable=False)
    public = sa.text("number IS NOT NULL")
    op.create_index(
        "ix_registration_public_grams",
        "registration",
        ["grams"],
        postgresql_using="gin",
        postgresql_where=public,
    )
    for name in ("contract_class", "technical_field"):
        op.create_index(
            f"ix_registration_public_{name}",
            "registration",
            [name, "registered_at", "id"],
            postgresql_where=public,
        )


def _normalised(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text).casefold()).strip()


def _grams(text: str) -> list[str]:
    found: set[str] = set()
    for word in text.split():
        found.update(word)
        found.update(word[at : at + 2] for at in range(len(word) - 1))
    return sorted(found)


def downgrade() -> None:
    raise RuntimeError("published tables and the journal behind them cannot be taken back")
