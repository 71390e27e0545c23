"""Contracts in full: signed documents, findings read, performance, amendments."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0021"
down_revision = "0018"

APPEND_ONLY = (
    "contract_payment",
    "contract_payment_answer",
    "contract_document",
    "contract_signing_request",
    "contract_acknowledgement",
    "contract_amendment_signature",
)
METHOD = (
    "method IN ('account','certificate')"
    " AND (method = 'certificate') = (certificate IS NOT NULL)"
    " AND (method = 'certificate') = (document_sha256 IS NOT NULL)"
)

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

AMENDMENT_SIGNATURE_FITS = """
CREATE FUNCTION contract_amendment_signature_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM contract_amendment a
    WHERE a.id = NEW.amendment_id AND a.state IN ('proposed', 'consented')
      AND a.text_sha256 = NEW.text_sha256 AND a.signer_ids ? NEW.party_id::text
    FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the signature does not fit amendment %', NEW.amendment_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$
"""

# What was proposed stands, and takes effect when all have signed who must; one who ends the
# contract after a demand signs alone.
AMENDMENT_STANDS = """
CREATE FUNCTION contract_amendment_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.contract_id, NEW.kind, NEW.signer_ids, NEW.text_sha256, NEW.text, NEW.changes)
            IS DISTINCT FROM
            (OLD.contract_id, OLD.kind, OLD.signer_ids, OLD.text_sha256, OLD.text, OLD.changes)
            OR OLD.state IN ('effective', 'rejected', 'withdrawn') THEN
        RAISE EXCEPTION 'amendment % stands as it was proposed', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state = 'effective' AND (
            SELECT count(*) FROM contract_amendment_signature s
            WHERE s.amendment_id = NEW.id AND s.text_sha256 = NEW.text_sha256
              AND NEW.signer_ids ? s.party_id::text) <> jsonb_array_length(NEW.signer_ids) THEN
        RAISE EXCEPTION 'amendment % is not signed by all', NEW.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$
"""

FUNCTIONS = {
    "contract_amendment_signature_fits": (
        AMENDMENT_SIGNATURE_FITS,
        "BEFORE INSERT ON contract_amendment_signature",
    ),
    "contract_amendment_stands": (AMENDMENT_STANDS, "BEFORE UPDATE ON contract_amendment"),
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
    _milestones()
    _delay_notice()
    _amendment()
    _documents()
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


def _milestones() -> None:
    table = "contract_milestone"
    op.create_table(
        table,
        *identified(),
        versioned(),
        key(table, "contract_id", "contract"),
        number("sequence"),
        words("kind"),
        words("name"),
        words("indicators", default=""),
        day("due_on", nullable=True),
        words("state", default="planned"),
        words("delivery", default=""),
        time("delivered_at", nullable=True),
        words("answer", default=""),
        time("answered_at", nullable=True),
        sa.UniqueConstraint(
            "contract_id", "sequence", name="uq_contract_milestone_contract_id_sequence"
        ),
        sa.CheckConstraint("state IN ('planned','delivered','rejected','accepted')", name="state"),
        sa.CheckConstraint("kind IN ('delivery','filing')", name="kind"),
        sa.CheckConstraint("(state = 'planned') = (delivered_at IS NULL)", name="delivered_at"),
    )
    table = "contract_trial"
    op.create_table(
        table,
        *identified(),
        versioned(),
        key(table, "contract_id", "contract"),
        number("days"),
        number("payment_days"),
        words("state", default="agreed"),
        time("started_at", nullable=True),
        time("ends_at", nullable=True),
        sa.Column("provisional", sa.Boolean, server_default=sa.false(), nullable=False),
        words("calendar_version", default=""),
        time("decided_at", nullable=True),
        words("reason", default=""),
        day("payment_due_on", nullable=True),
        sa.UniqueConstraint("contract_id", name="uq_contract_trial_contract_id"),
        sa.CheckConstraint("state IN ('agreed','running','adopted','returned')", name="state"),
        sa.CheckConstraint("days BETWEEN 1 AND 3650", name="days"),
        sa.CheckConstraint(
            "(state = 'agreed') = (ends_at IS NULL)"
            " AND (state IN ('adopted','returned')) = (decided_at IS NOT NULL)"
            " AND (state = 'adopted') = (payment_due_on IS NOT NULL)",
            name="moments",
        ),
    )
    partial("ix_contract_trial_to_end", table, ["ends_at"], "state = 'running'")


def _delay_notice() -> None:
    table = "contract_delay_notice"
    op.create_table(
        table,
        *identified(),
        versioned(),
        key(table, "contract_id", "contract"),
        *acted_by(table),
        words("obligation"),
        words("state", default="open"),
        time("given_at"),
        time("matures_at"),
        sa.Column("provisional", sa.Boolean, server_default=sa.false(), nullable=False),
        words("calendar_version", default=""),
        sa.CheckConstraint("state IN ('open','cured','matured','used')", name="state"),
    )
    op.create_index("ix_contract_delay_notice_contract_id", table, ["contract_id", "id"])
    partial("ix_contract_delay_notice_to_mature", table, ["matures_at"], "state = 'open'")


def _amendment() -> None:
    table = "contract_amendment"
    op.create_table(
        table,
        *identified(),
        versioned(),
        key(table, "contract_id", "contract"),
        number("number"),
        words("kind"),
        sa.Column(
            "proposed_by",
            sa.Uuid,
            sa.ForeignKey("organisation.id", name="fk_contract_amendment_proposed_by"),
            nullable=False,
        ),
        key(table, "entering_id", "organisation", nullable=True),
        sa.Column("signer_ids", JSONB, nullable=False),
        words("reason"),
        words("clause", default=""),
        sa.Column("changes", JSONB, nullable=False),
        words("text"),
        words("text_sha256"),
        words("state", default="proposed"),
        words("answer", default=""),
        time("effective_at", nullable=True),
        key(table, "delay_notice_id", "contract_delay_notice", nullable=True),
        sa.UniqueConstraint(
            "contract_id", "number", name="uq_contract_amendment_contract_id_number"
        ),
        sa.CheckConstraint("kind IN ('change','supplement','transfer','termination')", name="kind"),
        sa.CheckConstraint(
            "state IN ('proposed','consented','effective','rejected','withdrawn')", name="state"
        ),
        sa.CheckConstraint("(kind = 'transfer') = (entering_id IS NOT NULL)", name="entering"),
        sa.CheckConstraint(
            "(state = 'effective') = (effective_at IS NOT NULL)", name="effective_at"
        ),
    )
    partial(
        "uq_contract_amendment_open",
        table,
        ["contract_id"],
        "state IN ('proposed','consented')",
        unique=True,
    )
    op.create_index("ix_contract_amendment_entering_id", table, ["entering_id"])
    table = "contract_amendment_signature"
    op.create_table(
        table,
        *identified(),
        key(table, "amendment_id", "contract_amendment"),
        *acted_by(table),
        words("text_sha256"),
        *signed_with(),
        time("signed_at"),
        sa.UniqueConstraint(
            "amendment_id",
            "party_id",
            name="uq_contract_amendment_signature_amendment_id_party_id",
        ),
        sa.CheckConstraint(METHOD, name="method"),
    )


def signed_with() -> list[sa.Column]:
    return [
        words("method", default="account"),
        sa.Column("certificate", JSONB),
        words("document_sha256", nullable=True),
    ]


def partial(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    op.create_index(name, table, columns, unique=unique, postgresql_where=sa.text(where))


def _documents() -> None:
    op.add_column("contract", sa.Column("reader_ids", JSONB, server_default="[]", nullable=False))
    for column in signed_with():
        op.add_column("contract_signature", column)
    op.create_check_constraint("method", "contract_signature", METHOD)
    table = "contract_document"
    op.create_table(
        table,
        *identified(),
        key(table, "contract_id", "contract"),
        words("text_sha256"),
        number("sequence"),
        sa.Column("content", sa.LargeBinary, nullable=False),
        words("sha256"),
        sa.UniqueConstraint(
            "contract_id",
            "text_sha256",
            "sequence",
            name="uq_contract_document_contract_id_text_sha256_sequence",
        ),
        sa.CheckConstraint("sequence >= 0", name="sequence"),
    )
    table = "contract_signing_request"
    op.create_table(
        table,
        *identified(),
        key(table, "contract_id", "contract"),
        key(table, "amendment_id", "contract_amendment", nullable=True),
        words("text_sha256"),
        *acted_by(table),
        number("sequence"),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        number("range_start"),
        number("range_end"),
        time("asked_at"),
        sa.CheckConstraint("range_start < range_end", name="range"),
    )
    table = "contract_acknowledgement"
    op.create_table(
        table,
        *identified(),
        key(table, "contract_id", "contract"),
        number("text_version"),
        words("code"),
        *acted_by(table),
        time("acknowledged_at"),
        sa.UniqueConstraint(
            "contract_id",
            "text_version",
            "party_id",
            "code",
            name="uq_contract_acknowledgement_read",
        ),
    )


def downgrade() -> None:
    for table in (
        "contract_acknowledgement",
        "contract_signing_request",
        "contract_document",
        "contract_amendment_signature",
        "contract_amendment",
        "contract_delay_notice",
        "contract_trial",
        "contract_milestone",
        "contract_payment_answer",
        "contract_payment",
        "contract_royalty_report",
    ):
        op.drop_table(table)
    op.drop_constraint("method", "contract_signature", type_="check")
    for column in ("method", "certificate", "document_sha256"):
        op.drop_column("contract_signature", column)
    op.drop_column("contract", "reader_ids")
    for name in FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}()")
