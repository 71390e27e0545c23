"""The ledger: accounts, entries and their lines; deposits, refunds, and what the bank says."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0016"

MOMENT = sa.DateTime(timezone=True)
OPEN_KINDS = "'bank','clearing','unexplained','receivable','charges'"

# A line belongs to the transaction that wrote its entry, changes its account's balance under the
# lock of the account's row, and must have its counterpart by the end of the transaction.
FUNCTIONS = """
CREATE FUNCTION ledger_line_post() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM ledger_entry e WHERE e.id = NEW.entry_id
                   AND e.written_by = pg_current_xact_id()::text::bigint) THEN
        RAISE EXCEPTION 'entry % was written before; it takes no more lines', NEW.entry_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    UPDATE ledger_account SET balance_fen = balance_fen + NEW.amount_fen WHERE id = NEW.account_id;
    RETURN NULL;
END
$$;
CREATE FUNCTION ledger_entry_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lines bigint;
    total numeric;
BEGIN
    SELECT count(*), sum(amount_fen) INTO lines, total FROM ledger_line WHERE entry_id = NEW.id;
    IF lines < 2 OR total <> 0 THEN
        RAISE EXCEPTION 'entry % has % lines with a sum of % fen', NEW.key, lines, total
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE FUNCTION ledger_account_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() < 2 OR (NEW.id, NEW.created_at, NEW.kind, NEW.owner_id, NEW.purpose_id)
            IS DISTINCT FROM (OLD.id, OLD.created_at, OLD.kind, OLD.owner_id, OLD.purpose_id) THEN
        RAISE EXCEPTION 'a balance follows from the lines of the account; nothing else of it changes'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE FUNCTION ledger_account_opens_empty() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.balance_fen <> 0 THEN
        RAISE EXCEPTION 'an account opens with a balance of 0' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER ledger_line_post AFTER INSERT ON ledger_line
    FOR EACH ROW EXECUTE FUNCTION ledger_line_post();
CREATE CONSTRAINT TRIGGER ledger_entry_balance AFTER INSERT ON ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_entry_balance();
CREATE TRIGGER ledger_account_guard BEFORE UPDATE ON ledger_account
    FOR EACH ROW EXECUTE FUNCTION ledger_account_guard();
CREATE TRIGGER ledger_account_opens_empty BEFORE INSERT ON ledger_account
    FOR EACH ROW EXECUTE FUNCTION ledger_account_opens_empty();
"""

FIXED = {
    "deposit": "purpose_kind, purpose_id, payer_id, amount_fen, reference",
    "refund": "key, party_id, purpose_id, amount_fen, due_at, replaces_id",
    "payment_batch": "document, sha256, payments, total_fen",
    "bank_line": "statement_id, account, bank_ref, direction, amount_fen, booked_on, booked_at,"
    " returned, party_name, party_account, party_bank, end_to_end_id, remittance",
}


def identified() -> list[sa.Column]:
    return [
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("created_at", MOMENT, server_default=sa.text("market_now()"), nullable=False),
    ]


def versioned() -> list[sa.Column]:
    return [*identified(), sa.Column("version", sa.BigInteger, server_default="1", nullable=False)]


def reference(table: str, name: str, target: str, **options) -> sa.Column:
    key = sa.ForeignKey(f"{target}.id", name=f"fk_{table}_{name}")
    return sa.Column(name, sa.Uuid, key, **options)


def required(name: str, kind, **options) -> sa.Column:
    return sa.Column(name, kind, nullable=False, **options)


def upgrade() -> None:
    _books()
    _accounts_outside()
    _deposits()
    _bank()
    _refunds()
    op.execute(FUNCTIONS)
    for table in ("ledger_entry", "ledger_line", "bank_statement"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for table, columns in FIXED.items():
        op.execute(
            f"CREATE TRIGGER {table}_fixed BEFORE UPDATE OF {columns} ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for table in (*FIXED, "ledger_account"):
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _books() -> None:
    op.create_table(
        "ledger_account",
        *identified(),
        required("kind", sa.String),
        reference("ledger_account", "owner_id", "organisation"),
        sa.Column("purpose_id", sa.Uuid),
        required("balance_fen", sa.BigInteger, server_default="0"),
        sa.UniqueConstraint(
            "kind",
            "owner_id",
            "purpose_id",
            name="uq_ledger_account_kind_owner_id_purpose_id",
            postgresql_nulls_not_distinct=True,
        ),
        sa.CheckConstraint(
            f"kind IN ({OPEN_KINDS},'unmatched','received','held','refund_due','refund_ordered',"
            "'price','commission','forfeited')",
            name="kind",
        ),
        sa.CheckConstraint(f"balance_fen >= 0 OR kind IN ({OPEN_KINDS})", name="balance"),
    )
    op.create_index("ix_ledger_account_owner_id", "ledger_account", ["owner_id", "id"])
    op.create_table(
        "ledger_entry",
        *identified(),
        required("key", sa.String),
        required("act", sa.String),
        required("at", MOMENT),
        required("note", sa.String),
        sa.Column("person_id", sa.Uuid),
        required(
            "written_by",
            sa.BigInteger,
            server_default=sa.text("pg_current_xact_id()::text::bigint"),
        ),
        sa.UniqueConstraint("key", name="uq_ledger_entry_key"),
    )
    op.create_table(
        "ledger_line",
        reference("ledger_line", "entry_id", "ledger_entry", primary_key=True),
        reference("ledger_line", "account_id", "ledger_account", primary_key=True),
        required("amount_fen", sa.BigInteger),
        sa.CheckConstraint("amount_fen <> 0", name="amount"),
    )
    op.create_index("ix_ledger_line_account_id", "ledger_line", ["account_id", "entry_id"])


def _accounts_outside() -> None:
    op.create_table(
        "settlement_account",
        *identified(),
        required("number", sa.String),
        required("name", sa.String),
        required("bank_name", sa.String),
        sa.Column("bank_code", sa.String),
        required("active", sa.Boolean),
        sa.UniqueConstraint("number", name="uq_settlement_account_number"),
    )
    op.create_index(
        "uq_settlement_account_active",
        "settlement_account",
        ["active"],
        unique=True,
        postgresql_where=sa.text("active"),
    )
    op.create_table(
        "refund_account",
        *versioned(),
        reference("refund_account", "party_id", "organisation", nullable=False),
        required("number", sa.String),
        required("name", sa.String),
        sa.Column("bank_code", sa.String),
        sa.UniqueConstraint("party_id", name="uq_refund_account_party_id"),
    )


def _deposits() -> None:
    op.create_table(
        "deposit",
        *versioned(),
        required("purpose_kind", sa.String),
        required("purpose_id", sa.Uuid),
        reference("deposit", "payer_id", "organisation", nullable=False),
        required("amount_fen", sa.BigInteger),
        required("reference", sa.String),
        sa.Column("due_at", MOMENT),
        required("state", sa.String, server_default="expected"),
        sa.Column("received_at", MOMENT),
        sa.Column("refund_number", sa.String),
        sa.Column("refund_name", sa.String),
        sa.Column("refund_bank", sa.String),
        sa.UniqueConstraint("purpose_id", name="uq_deposit_purpose_id"),
        sa.UniqueConstraint("reference", name="uq_deposit_reference"),
        sa.CheckConstraint("state IN ('expected','received','held','settled')", name="state"),
        sa.CheckConstraint("amount_fen > 0", name="amount"),
        sa.CheckConstraint("reference ~ '^TM[0-9]{10}$'", name="reference"),
    )
    op.create_index("ix_deposit_payer_id", "deposit", ["payer_id", "id"])


def _bank() -> None:
    op.create_table(
        "bank_statement",
        *identified(),
        required("sha256", sa.String),
        required("source", sa.String),
        required("message_id", sa.String),
        sa.Column("person_id", sa.Uuid),
        required("payments", sa.BigInteger),
        required("known", sa.BigInteger),
        sa.UniqueConstraint("sha256", name="uq_bank_statement_sha256"),
    )
    op.create_table(
        "bank_line",
        *versioned(),
        reference("bank_line", "statement_id", "bank_statement", nullable=False),
        required("account", sa.String),
        required("bank_ref", sa.String),
        required("direction", sa.String),
        required("amount_fen", sa.BigInteger),
        required("booked_on", sa.Date),
        sa.Column("booked_at", MOMENT),
        required("returned", sa.Boolean),
        sa.Column("party_name", sa.String),
        sa.Column("party_account", sa.String),
        sa.Column("party_bank", sa.String),
        sa.Column("end_to_end_id", sa.String),
        required("remittance", sa.String),
        required("state", sa.String, server_default="new"),
        sa.Column("doubt", sa.String),
        sa.Column("use", sa.String),
        sa.Column("target_id", sa.Uuid),
        sa.Column("note", sa.String),
        sa.Column("proposed_by", sa.Uuid),
        sa.Column("confirmed_by", sa.Uuid),
        sa.UniqueConstraint(
            "account",
            "bank_ref",
            "direction",
            "amount_fen",
            "booked_on",
            name="uq_bank_line_account_bank_ref_direction_amount_fen_booked_on",
        ),
        sa.CheckConstraint("direction IN ('credit','debit')", name="direction"),
        sa.CheckConstraint("amount_fen > 0", name="amount"),
        sa.CheckConstraint("state IN ('new','unmatched','proposed','matched')", name="state"),
        sa.CheckConstraint("use IN ('deposit','return','refund','charge')", name="use"),
        sa.CheckConstraint(
            "(state = 'proposed' AND use IS NOT NULL AND proposed_by IS NOT NULL)"
            " OR (state = 'matched' AND use IS NOT NULL)"
            " OR (state IN ('new','unmatched') AND use IS NULL)",
            name="use_by_state",
        ),
        sa.CheckConstraint("confirmed_by <> proposed_by", name="two_persons"),
    )
    op.create_index(
        "ix_bank_line_new", "bank_line", ["id"], postgresql_where=sa.text("state = 'new'")
    )
    op.create_index("ix_bank_line_state", "bank_line", ["state", "id"])


def _refunds() -> None:
    op.create_table(
        "payment_batch",
        *identified(),
        required("document", sa.LargeBinary),
        required("sha256", sa.String),
        required("payments", sa.BigInteger),
        required("total_fen", sa.BigInteger),
        sa.Column("submitted_at", MOMENT),
    )
    op.create_index(
        "ix_payment_batch_waiting",
        "payment_batch",
        ["id"],
        postgresql_where=sa.text("submitted_at IS NULL"),
    )
    op.create_table(
        "refund",
        *versioned(),
        required("key", sa.String),
        required("reason", sa.String),
        reference("refund", "party_id", "organisation"),
        sa.Column("purpose_id", sa.Uuid),
        required("amount_fen", sa.BigInteger),
        required("due_at", MOMENT),
        sa.Column("account_number", sa.String),
        sa.Column("account_name", sa.String),
        sa.Column("account_bank", sa.String),
        required("state", sa.String, server_default="due"),
        reference("refund", "batch_id", "payment_batch"),
        sa.Column("ordered_at", MOMENT),
        sa.Column("paid_at", MOMENT),
        sa.Column("rejection", sa.String),
        sa.Column("rejected_by", sa.Uuid),
        reference("refund", "replaces_id", "refund"),
        sa.UniqueConstraint("key", name="uq_refund_key"),
        sa.UniqueConstraint("replaces_id", name="uq_refund_replaces_id"),
        sa.CheckConstraint("state IN ('due','ordered','paid','rejected')", name="state"),
        sa.CheckConstraint("amount_fen > 0", name="amount"),
        sa.CheckConstraint("(state = 'due') = (batch_id IS NULL)", name="batch"),
        sa.CheckConstraint("state <> 'paid' OR paid_at IS NOT NULL", name="paid"),
        sa.CheckConstraint("batch_id IS NULL OR account_number IS NOT NULL", name="account"),
    )
    op.create_index(
        "ix_refund_due", "refund", ["due_at", "id"], postgresql_where=sa.text("state = 'due'")
    )
    op.create_index("ix_refund_party_id", "refund", ["party_id", "id"])
    op.create_index("ix_refund_state", "refund", ["state", "id"])


def downgrade() -> None:
    for table in (
        "refund",
        "payment_batch",
        "bank_line",
        "bank_statement",
        "deposit",
        "refund_account",
        "settlement_account",
        "ledger_line",
        "ledger_entry",
        "ledger_account",
    ):
        op.drop_table(table)
    for name in (
        "ledger_line_post",
        "ledger_entry_balance",
        "ledger_account_guard",
        "ledger_account_opens_empty",
    ):
        op.execute(f"DROP FUNCTION {name}()")
