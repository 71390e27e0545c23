"""Contracts in full: payments received and royalty reports."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0018"

APPEND_ONLY = ("contract_payment", "contract_payment_answer")

# Only a party of the contract records a payment, and only the other one answers.
PAYMENT_FITS = """
CREATE FUNCTION contract_payment_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM contract c
    WHERE c.id = NEW.contract_id AND c.state IN ('signed', 'terminated')
      AND NEW.party_id IN (c.seller_id, c.buyer_id)
    FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the payment does not fit contract %', NEW.contract_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$
"""

ANSWER_FITS = """
CREATE FUNCTION contract_payment_answer_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM contract_payment p JOIN contract c ON c.id = p.contract_id
    WHERE p.id = NEW.payment_id AND p.party_id <> NEW.party_id
      AND NEW.party_id IN (c.seller_id, c.buyer_id)
    FOR SHARE OF c;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the answer does not fit payment %', NEW.payment_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$
"""

FUNCTIONS = {
    "contract_payment_fits": (PAYMENT_FITS, "BEFORE INSERT ON contract_payment"),
    "contract_payment_answer_fits": (ANSWER_FITS, "BEFORE INSERT ON contract_payment_answer"),
}


def key(table: str, column: str, target: str, *, nullable: bool = False) -> sa.Column:
    reference = sa.ForeignKey(f"{target}.id", name=f"fk_{table}_{column}")
    return sa.Column(column, sa.Uuid, reference, nullable=nullable)


def time(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def day(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Date, nullable=nullable)


def number(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def words(name: str, *, nullable: bool = False, default: str | None = None) -> sa.Column:
    return sa.Column(name, sa.String, nullable=nullable, server_default=default)


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


def versioned() -> sa.Column:
    return sa.Column("version", sa.BigInteger, server_default="1", nullable=False)


def acted_by(table: str) -> list[sa.Column]:
    return [
        key(table, "party_id", "organisation"),
        key(table, "person_id", "person"),
        key(table, "mandate_id", "mandate", nullable=True),
    ]


def upgrade() -> None:
    _royalty_report()
    _payment()
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for name, (function, when) in FUNCTIONS.items():
        op.execute(function)
        op.execute(f"CREATE TRIGGER {name} {when} FOR EACH ROW EXECUTE FUNCTION {name}()")


def _royalty_report() -> None:
    table = "contract_royalty_report"
    op.create_table(
        table,
        *identified(),
        versioned(),
        key(table, "contract_id", "contract"),
        number("sequence"),
        day("period_from"),
        day("period_to"),
        day("due_on"),
        number("rate_bp"),
        words("state", default="due"),
        number("base_fen", nullable=True),
        number("royalty_fen", nullable=True),
        time("filed_at", nullable=True),
        words("contest", default=""),
        sa.UniqueConstraint(
            "contract_id", "sequence", name="uq_contract_royalty_report_contract_id_sequence"
        ),
        sa.CheckConstraint("state IN ('due','filed','contested','confirmed')", name="state"),
        sa.CheckConstraint("period_from <= period_to AND period_to < due_on", name="period"),
        sa.CheckConstraint("rate_bp BETWEEN 1 AND 10000", name="rate"),
        sa.CheckConstraint("base_fen >= 0 AND royalty_fen >= 0", name="amounts"),
        sa.CheckConstraint(
            "(state = 'due') = (base_fen IS NULL) AND (state = 'due') = (royalty_fen IS NULL)",
            name="filed",
        ),
    )
    op.create_index(
        "ix_contract_royalty_report_due",
        table,
        ["due_on"],
        postgresql_where=sa.text("state IN ('due','contested')"),
    )


def _payment() -> None:
    table = "contract_payment"
    op.create_table(
        table,
        *identified(),
        key(table, "contract_id", "contract"),
        key(table, "royalty_report_id", "contract_royalty_report", nullable=True),
        words("kind"),
        number("amount_fen"),
        day("received_on"),
        words("invoice_number", nullable=True),
        words("note", default=""),
        *acted_by(table),
        time("recorded_at"),
        sa.CheckConstraint("kind IN ('upfront','instalment','royalty','other')", name="kind"),
        sa.CheckConstraint("amount_fen > 0", name="amount"),
        sa.CheckConstraint("royalty_report_id IS NULL OR kind = 'royalty'", name="royalty_report"),
    )
    op.create_index("ix_contract_payment_contract_id", table, ["contract_id", "id"])
    table = "contract_payment_answer"
    op.create_table(
        table,
        *identified(),
        key(table, "payment_id", "contract_payment"),
        sa.Column("confirmed", sa.Boolean, nullable=False),
        words("reason", default=""),
        *acted_by(table),
        time("answered_at"),
        sa.UniqueConstraint("payment_id", name="uq_contract_payment_answer_payment_id"),
    )


def downgrade() -> None:
    for table in ("contract_payment_answer", "contract_payment", "contract_royalty_report"):
        op.drop_table(table)
    for name in FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}()")
