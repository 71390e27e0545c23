"""Commissions earned at the contract, prices that go back, and new deposits of runner-ups.

A commission that was noted at an acceptance becomes one of its deal: earned if that was contracted,
lapsed if it ended before. One without a deal yet is dropped, for the deal's own job notes it anew.
What was noted before is not booked: whether it was paid meanwhile is not known here.
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0026"

MOMENT = sa.DateTime(timezone=True)
OPEN_KINDS = "'bank','clearing','unexplained','receivable','charges'"
KINDS = (
    f"{OPEN_KINDS},'unmatched','received','held','refund_due','refund_ordered','price',"
    "'commission','forfeited'"
)
INCOME_KINDS = "'income','income_share','income_retained'"
STATES = "'concluded','suspended','publicised','contracted','cancelled','defaulted'"

COMMISSION_STANDS = """
CREATE FUNCTION commission_stands() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moving text[] := ARRAY['state', 'version', 'earned_at', 'paid_at', 'lapsed_at', 'fee_fen',
                           'grounds'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'commission % stays on record', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state = 'pending' THEN
        moving := moving || ARRAY['basis', 'share_bp'];
    END IF;
    IF OLD.amount_fen IS NULL THEN
        moving := moving || ARRAY['amount_fen'];
    END IF;
    IF OLD.state IN ('paid', 'lapsed') OR (OLD.earned_at IS NOT NULL AND NEW.state = 'pending')
            OR to_jsonb(NEW) - moving <> to_jsonb(OLD) - moving THEN
        RAISE EXCEPTION 'what commission % says stands', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$
"""


def upgrade() -> None:
    _kinds(f"{KINDS},'broker_charge','broker_fee',{INCOME_KINDS}", ",'broker_charge'")
    _deal()
    _runner_up()
    _commission()


def _kinds(kinds: str, more_open: str) -> None:
    for name in ("kind", "balance"):
        op.execute(f"ALTER TABLE ledger_account DROP CONSTRAINT ck_ledger_account_{name}")
    op.create_check_constraint("kind", "ledger_account", f"kind IN ({kinds})")
    op.create_check_constraint(
        "balance",
        "ledger_account",
        f"balance_fen >= 0 OR kind IN ({OPEN_KINDS}{more_open},'income')",
    )


def _deal() -> None:
    op.add_column("deal", sa.Column("price_return", sa.String))
    _deal_states(f"{STATES},'terminated'", ",'terminated'")
    op.create_check_constraint(
        "price_return",
        "deal",
        "price_return IS NULL OR (price_return IN ('owed','by_hand','resolved')"
        " AND contracted_at IS NOT NULL AND ended_at IS NOT NULL"
        " AND (price_return = 'owed') = (settled_at IS NULL))",
    )
    op.create_index(
        "ix_deal_price_to_return",
        "deal",
        ["ended_at"],
        postgresql_where=sa.text("price_return = 'by_hand'"),
    )


def _deal_states(states: str, terminated: str) -> None:
    for name in ("state", "contracted", "ended"):
        op.execute(f"ALTER TABLE deal DROP CONSTRAINT ck_deal_{name}")
    op.create_check_constraint("state", "deal", f"state IN ({states})")
    op.create_check_constraint(
        "contracted",
        "deal",
        f"(state NOT IN ('contracted'{terminated}) OR contracted_at IS NOT NULL)"
        f" AND (contracted_at IS NULL OR state IN ('contracted','defaulted'{terminated}))",
    )
    op.create_check_constraint(
        "ended",
        "deal",
        f"(state IN ('cancelled','defaulted'{terminated})) = (ended_at IS NOT NULL)",
    )
    op.drop_index("uq_deal_live_listing", "deal")
    op.create_index(
        "uq_deal_live_listing",
        "deal",
        ["listing_id"],
        unique=True,
        postgresql_where=sa.text(f"sole AND state NOT IN ('cancelled','defaulted'{terminated})"),
    )


def _runner_up() -> None:
    for name in ("deposit_due_at", "concluded_at", "lapsed_at"):
        op.add_column("runner_up_offer", sa.Column(name, MOMENT))
    op.execute("UPDATE runner_up_offer SET concluded_at = decided_at WHERE accepted")
    op.create_check_constraint(
        "deposit",
        "runner_up_offer",
        "deposit_due_at IS NULL OR accepted IS NOT DISTINCT FROM true",
    )
    op.create_check_constraint(
        "concluded",
        "runner_up_offer",
        "concluded_at IS NULL OR (accepted IS NOT DISTINCT FROM true AND lapsed_at IS NULL)",
    )
    op.create_check_constraint(
        "lapsed", "runner_up_offer", "lapsed_at IS NULL OR deposit_due_at IS NOT NULL"
    )
    op.create_index(
        "ix_runner_up_offer_unpaid",
        "runner_up_offer",
        ["deposit_due_at"],
        postgresql_where=sa.text(
            "deposit_due_at IS NOT NULL AND concluded_at IS NULL AND lapsed_at IS NULL"
        ),
    )


def _commission() -> None:
    table = "commission"
    op.execute("DROP TRIGGER commission_append_only ON commission")
    op.add_column(table, sa.Column("version", sa.BigInteger, server_default="1", nullable=False))
    op.add_column(table, sa.Column("deal_id", sa.Uuid))
    for name in ("basis", "grounds"):
        op.add_column(table, sa.Column(name, sa.String))
    op.add_column(
        table, sa.Column("share_bp", sa.BigInteger, server_default="10000", nullable=False)
    )
    op.add_column(table, sa.Column("fee_fen", sa.BigInteger))
    op.add_column(table, sa.Column("state", sa.String, server_default="pending", nullable=False))
    for name in ("lapsed_at", "paid_at"):
        op.add_column(table, sa.Column(name, MOMENT))
    op.alter_column(table, "earned_at", nullable=True)
    op.alter_column(table, "negotiation_id", nullable=True)
    op.execute(
        "DELETE FROM commission c WHERE NOT EXISTS"
        " (SELECT FROM deal d WHERE d.negotiation_id = c.negotiation_id)"
    )
    op.execute(
        "UPDATE commission c SET deal_id = d.id,"
        " basis = CASE WHEN c.agreement_id IS NULL THEN 'reasonable' ELSE 'agreement' END,"
        " earned_at = d.contracted_at,"
        " lapsed_at = CASE WHEN d.contracted_at IS NULL THEN d.ended_at END,"
        " state = CASE WHEN d.contracted_at IS NOT NULL THEN 'earned'"
        " WHEN d.ended_at IS NOT NULL THEN 'lapsed' ELSE 'pending' END"
        " FROM deal d WHERE d.negotiation_id = c.negotiation_id"
    )
    for name in ("deal_id", "basis"):
        op.alter_column(table, name, nullable=False)
    op.drop_constraint("uq_commission_negotiation_id_client_id", table)
    op.create_unique_constraint(
        "uq_commission_deal_id", table, ["deal_id", "broker_id", "client_id"]
    )
    op.execute("ALTER TABLE commission DROP CONSTRAINT ck_commission_agreed")
    for name, rule in (
        ("state", "state IN ('pending','earned','paid','lapsed')"),
        ("basis", "basis IN ('agreement','reasonable','main_contract')"),
        (
            "agreed",
            "(basis = 'agreement') = (agreement_id IS NOT NULL)"
            " AND (agreement_id IS NULL OR amount_fen IS NOT NULL)",
        ),
        ("share", "share_bp = CASE WHEN basis = 'main_contract' THEN 5000 ELSE 10000 END"),
        (
            "moments",
            "(state IN ('earned','paid')) = (earned_at IS NOT NULL)"
            " AND (state = 'lapsed') = (lapsed_at IS NOT NULL)"
            " AND (state = 'paid') = (paid_at IS NOT NULL)",
        ),
        (
            "amounts",
            "amount_fen >= 0 AND fee_fen > 0 AND (state <> 'paid' OR amount_fen IS NOT NULL)"
            " AND (fee_fen IS NULL OR earned_at IS NOT NULL)"
            " AND (fee_fen IS NULL) = (grounds IS NULL)",
        ),
    ):
        op.create_check_constraint(name, table, rule)
    op.execute(COMMISSION_STANDS)
    op.execute(
        "CREATE TRIGGER commission_stands BEFORE UPDATE OR DELETE ON commission"
        " FOR EACH ROW EXECUTE FUNCTION commission_stands()"
    )
    op.execute(
        "CREATE TRIGGER commission_kept BEFORE TRUNCATE ON commission"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    raise RuntimeError(
        "commissions are earned by contracts now, and deals can be terminated; there is no way back"
    )
