"""Settlements: plans of distribution, income and its parts, idle achievements, benefits."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0023"
down_revision = "0021"

MOMENT = sa.DateTime(timezone=True)
APPEND_ONLY = ("income_plan_edition", "income_cost")
FIXED = {
    "income": "payment_id, kind, year, amount, received_on, institution_id, contract_id",
    "income_part": "income_id, member_id, amount",
    "benefit": "registration_id, party_id, kind, authority, amount_fen, taken_on, document",
}
"""What a row keeps from its beginning."""
OPEN_KINDS = "'bank','clearing','unexplained','receivable','charges'"
KINDS = (
    f"{OPEN_KINDS},'unmatched','received','held','refund_due','refund_ordered','price',"
    "'commission','forfeited'"
)
INCOME_KINDS = "'income_share','income_retained'"

PLAN_STANDS = """
CREATE FUNCTION income_plan_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.edition > 0 AND NEW.edition = OLD.edition AND OLD.state NOT IN ('void')
            AND (NEW.institution_id, NEW.contract_id, NEW.achievement_id, NEW.title, NEW.rule_set,
                 NEW.route, NEW.basis, NEW.basis_note, NEW.reward_bp, NEW.office_fund_bp,
                 NEW.first_year, NEW.years, NEW.pay_months, NEW.objection_procedure, NEW.days,
                 NEW.published_at)
            IS DISTINCT FROM
                (OLD.institution_id, OLD.contract_id, OLD.achievement_id, OLD.title, OLD.rule_set,
                 OLD.route, OLD.basis, OLD.basis_note, OLD.reward_bp, OLD.office_fund_bp,
                 OLD.first_year, OLD.years, OLD.pay_months, OLD.objection_procedure, OLD.days,
                 OLD.published_at) THEN
        RAISE EXCEPTION 'plan % is before the staff; a change is a new edition', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state = 'effective' AND OLD.state <> 'effective' AND (
            OLD.ends_at IS NULL OR market_now() < OLD.ends_at OR EXISTS (
                SELECT FROM income_plan_objection o
                WHERE o.plan_id = NEW.id AND o.state = 'filed')) THEN
        RAISE EXCEPTION 'the days of plan % are not over', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state = 'withdrawn' AND EXISTS (
            SELECT FROM income i WHERE i.plan_id = NEW.id AND i.state <> 'received') THEN
        RAISE EXCEPTION 'income was distributed by plan %', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$
"""
MEMBERS_STAND = """
CREATE FUNCTION income_plan_members_stand() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM income_plan p
    WHERE p.id IN (OLD.plan_id, NEW.plan_id) AND p.state NOT IN ('draft', 'void');
    IF FOUND THEN
        RAISE EXCEPTION 'the list of plan % is before the staff', coalesce(NEW.plan_id, OLD.plan_id)
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN coalesce(NEW, OLD);
END
$$
"""
PARTS_SUM = """
CREATE FUNCTION income_parts_sum() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed uuid;
    reward bigint;
    parts numeric;
    unpaid bigint;
    stands text;
BEGIN
    IF TG_TABLE_NAME = 'income' THEN
        changed := NEW.id;
    ELSE
        changed := NEW.income_id;
    END IF;
    SELECT coalesce(i.reward, 0), i.state INTO reward, stands FROM income i WHERE i.id = changed;
    SELECT coalesce(sum(amount), 0), count(*) FILTER (WHERE state = 'due') INTO parts, unpaid
    FROM income_part WHERE income_id = changed;
    IF parts <> reward THEN
        RAISE EXCEPTION 'the parts of income % sum to %, not %', changed, parts, reward
            USING ERRCODE = 'check_violation';
    END IF;
    IF stands = 'paid' AND unpaid > 0 THEN
        RAISE EXCEPTION 'parts of income % are not paid', changed
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$
"""
PART_STAYS_PAID = """
CREATE FUNCTION income_part_stays_paid() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'paid' THEN
        RAISE EXCEPTION 'part % is paid', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$
"""


def identified(*, versioned: bool = True) -> list[sa.Column]:
    columns = [
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("created_at", MOMENT, server_default=sa.text("market_now()"), nullable=False),
    ]
    if versioned:
        columns.append(sa.Column("version", sa.BigInteger, server_default="1", nullable=False))
    return columns


def reference(table: str, name: str, target: str, *, nullable: bool = False) -> sa.Column:
    key = sa.ForeignKey(f"{target}.id", name=f"fk_{table}_{name}")
    return sa.Column(name, sa.Uuid, key, nullable=nullable)


def columns(kind, names: str, *, nullable: bool = False) -> list[sa.Column]:
    return [sa.Column(name, kind, nullable=nullable) for name in names.split()]


def checks(conditions: dict[str, str]) -> list[sa.CheckConstraint]:
    return [sa.CheckConstraint(condition, name=name) for name, condition in conditions.items()]


def index(name: str, table: str, names: str, where: str | None = None, *, unique=False) -> None:
    condition = None if where is None else sa.text(where)
    op.create_index(name, table, names.split(), unique=unique, postgresql_where=condition)


def upgrade() -> None:
    _plans()
    _lists()
    _incomes()
    _idle()
    _benefits()
    _accounts(
        f"kind IN ({KINDS},'income',{INCOME_KINDS})",
        f"balance_fen >= 0 OR kind IN ({OPEN_KINDS},'income')",
    )
    for function in (PLAN_STANDS, MEMBERS_STAND, PARTS_SUM, PART_STAYS_PAID):
        op.execute(function)
    op.execute(
        "CREATE TRIGGER income_plan_stands BEFORE UPDATE ON income_plan"
        " FOR EACH ROW EXECUTE FUNCTION income_plan_stands()"
    )
    op.execute(
        "CREATE TRIGGER income_plan_members_stand BEFORE INSERT OR UPDATE OR DELETE"
        " ON income_plan_member FOR EACH ROW EXECUTE FUNCTION income_plan_members_stand()"
    )
    for table in ("income", "income_part"):
        op.execute(
            f"CREATE CONSTRAINT TRIGGER {table}_parts_sum AFTER INSERT OR UPDATE ON {table}"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION income_parts_sum()"
        )
    op.execute(
        "CREATE TRIGGER income_part_stays_paid BEFORE UPDATE ON income_part"
        " FOR EACH ROW EXECUTE FUNCTION income_part_stays_paid()"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for table, names in FIXED.items():
        op.execute(
            f"CREATE TRIGGER {table}_fixed BEFORE UPDATE OF {names} ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _accounts(kind: str, balance: str) -> None:
    for name, condition in (("kind", kind), ("balance", balance)):
        op.drop_constraint(name, "ledger_account", type_="check")
        op.create_check_constraint(name, "ledger_account", condition)


def _plans() -> None:
    table = "income_plan"
    op.create_table(
        table,
        *identified(),
        reference(table, "institution_id", "organisation"),
        reference(table, "contract_id", "contract", nullable=True),
        reference(table, "achievement_id", "achievement"),
        *columns(sa.String, "title"),
        *columns(sa.String, "contract_class", nullable=True),
        *columns(sa.Boolean, "public_unit"),
        *columns(sa.String, "rule_set route basis basis_note"),
        *columns(sa.BigInteger, "reward_bp office_fund_bp"),
        *columns(sa.BigInteger, "first_year years pay_months", nullable=True),
        *columns(sa.String, "objection_procedure"),
        *columns(sa.BigInteger, "days days_left"),
        sa.Column("state", sa.String, server_default="draft", nullable=False),
        sa.Column("edition", sa.BigInteger, server_default="0", nullable=False),
        *columns(MOMENT, "published_at", nullable=True),
        *columns(sa.Date, "counts_from", nullable=True),
        *columns(MOMENT, "ends_at", nullable=True),
        sa.Column("ends_provisional", sa.Boolean, server_default=sa.false(), nullable=False),
        *columns(sa.String, "calendar_version", nullable=True),
        *columns(MOMENT, "effective_at", nullable=True),
        *columns(sa.String, "closing_note", nullable=True),
        *checks(
            {
                "state": "state IN ('draft','published','suspended','effective','void',"
                "'withdrawn')",
                "route": "route IN ('transfer','equity','own_implementation')",
                "basis": "basis IN ('unit_rule','agreement','statutory')",
                "subject": "(route = 'own_implementation') = (contract_id IS NULL)"
                " AND (route = 'own_implementation') = (first_year IS NOT NULL)"
                " AND (first_year IS NULL) = (years IS NULL)",
                "rates": "reward_bp >= 0 AND office_fund_bp >= 0"
                " AND reward_bp + office_fund_bp <= 10000",
                "days": "days >= 15 AND days_left BETWEEN 0 AND days",
                "edition": "(edition = 0) = (published_at IS NULL)",
                "period": "(state IN ('published','effective')) = (ends_at IS NOT NULL)",
                "stands_long_enough": "ends_at >= published_at + days * interval '24 hours'",
                "effect": "(state = 'effective') = (effective_at IS NOT NULL)"
                " AND effective_at >= ends_at",
            }
        ),
    )
    live = "state <> 'withdrawn' AND contract_id IS {} NULL"
    index("uq_income_plan_contract", table, "contract_id", live.format("NOT"), unique=True)
    own = "achievement_id institution_id"
    index("uq_income_plan_own", table, own, live.replace("{} ", ""), unique=True)
    index("ix_income_plan_institution", table, "institution_id id")
    index("ix_income_plan_ends_at", table, "ends_at", "state = 'published'")
    table = "income_plan_member"
    op.create_table(
        table,
        *identified(versioned=False),
        reference(table, "plan_id", "income_plan"),
        *columns(sa.BigInteger, "position"),
        *columns(sa.String, "name"),
        reference(table, "person_id", "person", nullable=True),
        *columns(sa.String, "role"),
        *columns(sa.Boolean, "main"),
        *columns(sa.String, "leader post contribution"),
        *columns(sa.BigInteger, "weight"),
        sa.UniqueConstraint("plan_id", "position", name="uq_income_plan_member_plan_id_position"),
        sa.UniqueConstraint("plan_id", "name", name="uq_income_plan_member_plan_id_name"),
        *checks(
            {
                "role": "role IN ('inventor','contributor','transfer_office')",
                "leader": "leader IN ('none','chief','deputy')",
                "weight": "weight > 0",
                "leader_explained": "leader = 'none' OR (post <> '' AND contribution <> '')",
            }
        ),
    )


def _lists() -> None:
    table = "income_plan_edition"
    op.create_table(
        table,
        *identified(versioned=False),
        reference(table, "plan_id", "income_plan"),
        *columns(sa.BigInteger, "edition"),
        *columns(JSONB, "content"),
        *columns(sa.BigInteger, "days"),
        *columns(MOMENT, "published_at"),
        sa.UniqueConstraint("plan_id", "edition", name="uq_income_plan_edition_plan_id_edition"),
    )
    table = "income_plan_objection"
    op.create_table(
        table,
        *identified(),
        reference(table, "plan_id", "income_plan"),
        *columns(sa.BigInteger, "edition"),
        reference(table, "person_id", "person"),
        *columns(sa.String, "grounds"),
        sa.Column("state", sa.String, server_default="filed", nullable=False),
        *columns(MOMENT, "due_at"),
        *columns(sa.String, "reason", nullable=True),
        *columns(MOMENT, "decided_at", nullable=True),
        reference(table, "decided_by", "person", nullable=True),
        *checks(
            {
                "state": "state IN ('filed','upheld','rejected','withdrawn','lapsed')",
                "decided_at": "(state = 'filed') = (decided_at IS NULL)",
                "reason": "state NOT IN ('upheld','rejected')"
                " OR (reason <> '' AND decided_by IS NOT NULL)",
            }
        ),
    )
    index(
        "uq_income_plan_objection_open", table, "plan_id person_id", "state = 'filed'", unique=True
    )
    index("ix_income_plan_objection_plan", table, "plan_id id")
    table = "income_cost"
    op.create_table(
        table,
        *identified(versioned=False),
        reference(table, "plan_id", "income_plan"),
        *columns(sa.String, "kind"),
        *columns(sa.BigInteger, "amount_fen"),
        *columns(sa.String, "document"),
        reference(table, "recorded_by", "person", nullable=True),
        *checks(
            {
                "kind": "kind IN ('taxes','maintenance','appraisal','assessment','exchange_fee',"
                "'brokerage','negotiation','research','public_research','other')",
                "amount": "amount_fen > 0",
            }
        ),
    )
    index("ix_income_cost_plan", table, "plan_id id")


def _incomes() -> None:
    table = "income"
    op.create_table(
        table,
        *identified(),
        reference(table, "institution_id", "organisation"),
        reference(table, "contract_id", "contract", nullable=True),
        reference(table, "plan_id", "income_plan", nullable=True),
        *columns(sa.String, "kind"),
        *columns(sa.Uuid, "payment_id", nullable=True),
        *columns(sa.BigInteger, "year", nullable=True),
        *columns(sa.BigInteger, "amount"),
        *columns(sa.Date, "received_on"),
        *columns(sa.String, "rule_set"),
        *columns(MOMENT, "due_at"),
        *columns(sa.Boolean, "due_provisional"),
        *columns(sa.String, "calendar_version"),
        *columns(MOMENT, "overdue_at", nullable=True),
        sa.Column("state", sa.String, server_default="received", nullable=False),
        *columns(MOMENT, "distributed_at", nullable=True),
        *columns(sa.BigInteger, "net_fen reward fund retained", nullable=True),
        sa.UniqueConstraint("payment_id", name="uq_income_payment_id"),
        *checks(
            {
                "kind": "kind IN ('payment','equity','profit')",
                "state": "state IN ('received','distributed','paid')",
                "source": "(kind = 'payment') = (payment_id IS NOT NULL)"
                " AND (kind = 'profit') = (year IS NOT NULL)"
                " AND (kind = 'payment' OR plan_id IS NOT NULL)",
                "amount": "kind = 'profit' OR amount > 0",
                "distributed": "(state = 'received') = (distributed_at IS NULL)"
                " AND (state = 'received') = (reward IS NULL)"
                " AND (reward IS NULL) = (fund IS NULL) AND (reward IS NULL) = (retained IS NULL)"
                " AND (reward IS NULL OR plan_id IS NOT NULL)",
                "whole": "reward >= 0 AND fund >= 0 AND retained >= 0"
                " AND (kind = 'profit' OR reward + fund + retained = amount)",
            }
        ),
    )
    index("uq_income_year", table, "plan_id year", "kind = 'profit'", unique=True)
    index("uq_income_equity", table, "plan_id", "kind = 'equity'", unique=True)
    index("ix_income_contract", table, "contract_id id")
    index("ix_income_plan_id", table, "plan_id id")
    index("ix_income_due", table, "due_at", "state <> 'paid' AND overdue_at IS NULL")
    index("ix_income_provisional", table, "id", "due_provisional AND state <> 'paid'")
    table = "income_part"
    op.create_table(
        table,
        *identified(),
        reference(table, "income_id", "income"),
        reference(table, "member_id", "income_plan_member"),
        *columns(sa.BigInteger, "amount"),
        sa.Column("state", sa.String, server_default="due", nullable=False),
        *columns(sa.Date, "paid_on", nullable=True),
        *columns(sa.String, "document", nullable=True),
        reference(table, "paid_by", "person", nullable=True),
        sa.UniqueConstraint("income_id", "member_id", name="uq_income_part_income_id_member_id"),
        *checks(
            {
                "amount": "amount > 0",
                "state": "state IN ('due','paid')",
                "paid": "(state = 'paid') = (paid_on IS NOT NULL)"
                " AND (paid_on IS NULL) = (document IS NULL)"
                " AND (paid_on IS NULL) = (paid_by IS NULL)",
            }
        ),
    )


def _idle() -> None:
    table = "idle_watch"
    op.create_table(
        table,
        *identified(),
        reference(table, "achievement_id", "achievement"),
        reference(table, "institution_id", "organisation"),
        *columns(sa.Date, "since"),
        *columns(sa.String, "since_note rule_set"),
        *columns(MOMENT, "due_at"),
        *columns(sa.Boolean, "due_provisional"),
        *columns(sa.String, "calendar_version"),
        sa.Column("state", sa.String, server_default="watched", nullable=False),
        *columns(MOMENT, "alerted_at", nullable=True),
        *columns(sa.String, "ended_because", nullable=True),
        sa.UniqueConstraint("achievement_id", name="uq_idle_watch_achievement_id"),
        *checks(
            {
                "state": "state IN ('watched','idle','ended')",
                "alerted": "state <> 'idle' OR alerted_at IS NOT NULL",
            }
        ),
    )
    index("ix_idle_watch_due", table, "due_at", "state = 'watched'")
    index("ix_idle_watch_institution", table, "institution_id id")


def _benefits() -> None:
    table = "benefit"
    op.create_table(
        table,
        *identified(),
        reference(table, "registration_id", "registration"),
        *columns(sa.String, "registration_number"),
        reference(table, "party_id", "organisation"),
        *columns(sa.String, "region kind authority"),
        *columns(sa.BigInteger, "amount_fen"),
        *columns(sa.Date, "taken_on"),
        *columns(sa.String, "document"),
        sa.Column("state", sa.String, server_default="claimed", nullable=False),
        *columns(MOMENT, "at_risk_since decided_at", nullable=True),
        reference(table, "decided_by", "person", nullable=True),
        *columns(sa.String, "decision_note", nullable=True),
        sa.UniqueConstraint(
            "registration_id",
            "party_id",
            "kind",
            "document",
            name="uq_benefit_registration_id_party_id_kind_document",
        ),
        *checks(
            {
                "kind": "kind IN ('income_tax_relief','vat_exemption','reward_relief',"
                "'equity_deferral','reward')",
                "authority": "authority IN ('tax','science')",
                "state": "state IN ('claimed','at_risk','confirmed','recovered')",
                "amount": "amount_fen > 0",
                "at_risk": "(state = 'claimed') = (at_risk_since IS NULL)",
                "decided": "(state IN ('confirmed','recovered')) = (decided_at IS NOT NULL)"
                " AND (decided_at IS NULL) = (decision_note IS NULL)",
            }
        ),
    )
    index("ix_benefit_registration", table, "registration_id id")
    index("ix_benefit_party", table, "party_id id")
    index("ix_benefit_list", table, "authority state id")
    table = "fallen_registration"
    op.create_table(
        table,
        sa.Column(
            "registration_id",
            sa.Uuid,
            sa.ForeignKey("registration.id", name=f"fk_{table}_registration_id"),
            primary_key=True,
        ),
        *columns(MOMENT, "fell_at"),
    )


def downgrade() -> None:
    raise RuntimeError("distributed income is not taken back; restore a backup instead")
