"""Tables of the settlements module; money in fen, rates in basis points.

Triggers of the migration keep what a CHECK cannot: what the staff were shown stays as it is within
an edition, a list takes effect at the end of its days with no objection open, and the parts of
income sum to its reward and do not change.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base, Identified, Versioned
from app.settlements import rules

_LIVING = "state NOT IN ('withdrawn','superseded') AND (succeeds IS NULL OR state = 'effective')"


class IncomePlan(Versioned, Base):
    """How an institution shares the income of a contract or of an achievement of its own.

    A plan in effect is changed by one that `succeeds` it; `carried_fen` are costs that the earlier
    plan's income has not made up for.
    """

    __tablename__ = "income_plan"
    __table_args__ = (
        CheckConstraint(
            "state IN ('draft','published','suspended','effective','void','withdrawn',"
            "'superseded')",
            name="state",
        ),
        CheckConstraint("route IN ('transfer','equity','own_implementation')", name="route"),
        CheckConstraint("basis IN ('unit_rule','agreement','statutory')", name="basis"),
        CheckConstraint(
            "(route = 'own_implementation') = (contract_id IS NULL)"
            " AND (route = 'own_implementation') = (first_year IS NOT NULL)"
            " AND (first_year IS NULL) = (years IS NULL)",
            name="subject",
        ),
        CheckConstraint(
            "reward_bp >= 0 AND office_fund_bp >= 0 AND reward_bp + office_fund_bp <= 10000",
            name="rates",
        ),
        CheckConstraint("days >= 15 AND days_left BETWEEN 0 AND days", name="days"),
        CheckConstraint("(edition = 0) = (published_at IS NULL)", name="edition"),
        CheckConstraint(
            "(state IN ('published','effective','superseded')) = (ends_at IS NOT NULL)",
            name="period",
        ),
        CheckConstraint(
            "ends_at >= published_at + days * interval '24 hours'", name="stands_long_enough"
        ),
        CheckConstraint(
            "(state IN ('effective','superseded')) = (effective_at IS NOT NULL)"
            " AND effective_at >= ends_at",
            name="effect",
        ),
        CheckConstraint(
            "carried_fen >= 0 AND (carried_fen = 0 OR succeeds IS NOT NULL)", name="carried"
        ),
        Index(
            "uq_income_plan_contract",
            "contract_id",
            unique=True,
            postgresql_where=text(f"{_LIVING} AND contract_id IS NOT NULL"),
        ),
        Index(
            "uq_income_plan_own",
            "achievement_id",
            "institution_id",
            unique=True,
            postgresql_where=text(f"{_LIVING} AND contract_id IS NULL"),
        ),
        Index(
            "uq_income_plan_succeeds",
            "succeeds",
            unique=True,
            postgresql_where=text("state <> 'withdrawn'"),
        ),
        Index("ix_income_plan_institution", "institution_id", "id"),
        Index("ix_income_plan_ends_at", "ends_at", postgresql_where=text("state = 'published'")),
    )

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    contract_id: Mapped[UUID | None] = mapped_column(ForeignKey("contract.id"))
    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"))
    title: Mapped[str]
    contract_class: Mapped[str | None]
    public_unit: Mapped[bool]
    rule_set: Mapped[str]
    route: Mapped[str]
    basis: Mapped[str]
    basis_note: Mapped[str]
    reward_bp: Mapped[int]
    office_fund_bp: Mapped[int]
    first_year: Mapped[int | None]
    years: Mapped[int | None]
    pay_months: Mapped[int | None]
    objection_procedure: Mapped[str]
    days: Mapped[int]
    days_left: Mapped[int]
    state: Mapped[str] = mapped_column(server_default=text("'draft'"))
    edition: Mapped[int] = mapped_column(server_default=text("0"))
    published_at: Mapped[datetime | None]
    counts_from: Mapped[date | None]
    ends_at: Mapped[datetime | None]
    ends_provisional: Mapped[bool] = mapped_column(server_default=text("false"))
    calendar_version: Mapped[str | None]
    effective_at: Mapped[datetime | None]
    closing_note: Mapped[str | None]
    succeeds: Mapped[UUID | None] = mapped_column(ForeignKey("income_plan.id"))
    carried_fen: Mapped[int] = mapped_column(server_default=text("0"))

    def run(self, period: rules.Period) -> None:
        """Let the count run."""
        self.counts_from = period.counts_from
        self.ends_at = period.ends_at
        self.ends_provisional = period.provisional
        self.calendar_version = period.calendar_version

    def stop(self) -> None:
        """The count does not run, so it has no end."""
        self.ends_at = self.effective_at = None
        self.ends_provisional = False

    def standing(self) -> dict[str, Any]:
        """How it stands, for the audit log."""
        return {
            "state": self.state,
            "edition": self.edition,
            "days_left": self.days_left,
            "ends_at": self.ends_at,
            "ends_provisional": self.ends_provisional,
        }


class IncomePlanMember(Identified, Base):
    """A recipient of a plan; the list is replaced as a whole while the plan is open."""

    __tablename__ = "income_plan_member"
    __table_args__ = (
        UniqueConstraint("plan_id", "position"),
        UniqueConstraint("plan_id", "name"),
        CheckConstraint("role IN ('inventor','contributor','transfer_office')", name="role"),
        CheckConstraint("leader IN ('none','chief','deputy')", name="leader"),
        CheckConstraint("weight > 0", name="weight"),
        CheckConstraint(
            "leader = 'none' OR (post <> '' AND contribution <> '')", name="leader_explained"
        ),
    )

    plan_id: Mapped[UUID] = mapped_column(ForeignKey("income_plan.id"))
    position: Mapped[int]
    name: Mapped[str]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    role: Mapped[str]
    main: Mapped[bool]
    leader: Mapped[str]
    post: Mapped[str]
    contribution: Mapped[str]
    weight: Mapped[int]


class IncomePlanEdition(Identified, Base):
    """What the staff were shown, and when; append-only."""

    __tablename__ = "income_plan_edition"
    __table_args__ = (UniqueConstraint("plan_id", "edition"),)

    plan_id: Mapped[UUID] = mapped_column(ForeignKey("income_plan.id"))
    edition: Mapped[int]
    content: Mapped[dict[str, Any]]
    days: Mapped[int]
    published_at: Mapped[datetime]


class IncomePlanObjection(Versioned, Base):
    """An identified person's objection to an edition of a list."""

    __tablename__ = "income_plan_objection"
    __table_args__ = (
        CheckConstraint(
            "state IN ('filed','upheld','rejected','withdrawn','lapsed')", name="state"
        ),
        CheckConstraint("(state = 'filed') = (decided_at IS NULL)", name="decided_at"),
        CheckConstraint(
            "state NOT IN ('upheld','rejected') OR (reason <> '' AND decided_by IS NOT NULL)",
            name="reason",
        ),
        Index(
            "uq_income_plan_objection_open",
            "plan_id",
            "person_id",
            unique=True,
            postgresql_where=text("state = 'filed'"),
        ),
        Index("ix_income_plan_objection_plan", "plan_id", "id"),
    )

    plan_id: Mapped[UUID] = mapped_column(ForeignKey("income_plan.id"))
    edition: Mapped[int]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    grounds: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'filed'"))
    due_at: Mapped[datetime]
    reason: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))


class IncomeCost(Identified, Base):
    """A cost of an achievement or of its transfer; append-only."""

    __tablename__ = "income_cost"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('taxes','maintenance','appraisal','assessment','exchange_fee','brokerage',"
            "'negotiation','research','public_research','other')",
            name="kind",
        ),
        CheckConstraint("amount_fen > 0", name="amount"),
        Index("ix_income_cost_plan", "plan_id", "id"),
    )

    plan_id: Mapped[UUID] = mapped_column(ForeignKey("income_plan.id"))
    kind: Mapped[str]
    amount_fen: Mapped[int]
    document: Mapped[str]
    recorded_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))


class Income(Versioned, Base):
    """What came in once: a payment, shares, or a year's profit; and how it was divided.

    `amount` is money in fen, for equity whole shares of the technology. `net_fen` is the net
    income of the whole plan up to this income.
    """

    __tablename__ = "income"
    __table_args__ = (
        UniqueConstraint("payment_id"),
        CheckConstraint("kind IN ('payment','equity','profit')", name="kind"),
        CheckConstraint("state IN ('received','distributed','paid')", name="state"),
        CheckConstraint(
            "(kind = 'payment') = (payment_id IS NOT NULL)"
            " AND (kind = 'profit') = (year IS NOT NULL)"
            " AND (kind = 'payment' OR plan_id IS NOT NULL)",
            name="source",
        ),
        CheckConstraint("kind = 'profit' OR amount > 0", name="amount"),
        CheckConstraint(
            "(state = 'received') = (distributed_at IS NULL)"
            " AND (state = 'received') = (reward IS NULL)"
            " AND (reward IS NULL) = (fund IS NULL) AND (reward IS NULL) = (retained IS NULL)"
            " AND (reward IS NULL OR plan_id IS NOT NULL)",
            name="distributed",
        ),
        CheckConstraint(
            "reward >= 0 AND fund >= 0 AND retained >= 0"
            " AND (kind = 'profit' OR reward + fund + retained = amount)",
            name="whole",
        ),
        Index(
            "uq_income_year",
            "plan_id",
            "year",
            unique=True,
            postgresql_where=text("kind = 'profit'"),
        ),
        Index("uq_income_equity", "plan_id", unique=True, postgresql_where=text("kind = 'equity'")),
        Index("ix_income_contract", "contract_id", "id"),
        Index("ix_income_plan_id", "plan_id", "id"),
        Index(
            "ix_income_due",
            "due_at",
            postgresql_where=text("state <> 'paid' AND overdue_at IS NULL"),
        ),
        Index(
            "ix_income_provisional",
            "id",
            postgresql_where=text("due_provisional AND state <> 'paid'"),
        ),
    )

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    contract_id: Mapped[UUID | None] = mapped_column(ForeignKey("contract.id"))
    plan_id: Mapped[UUID | None] = mapped_column(ForeignKey("income_plan.id"))
    kind: Mapped[str]
    payment_id: Mapped[UUID | None]
    year: Mapped[int | None]
    amount: Mapped[int]
    received_on: Mapped[date]
    rule_set: Mapped[str]
    due_at: Mapped[datetime]
    due_provisional: Mapped[bool]
    calendar_version: Mapped[str]
    overdue_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(server_default=text("'received'"))
    distributed_at: Mapped[datetime | None]
    net_fen: Mapped[int | None]
    reward: Mapped[int | None]
    fund: Mapped[int | None]
    retained: Mapped[int | None]


class IncomePart(Versioned, Base):
    """One recipient's part of one income, in fen or in shares."""

    __tablename__ = "income_part"
    __table_args__ = (
        UniqueConstraint("income_id", "member_id"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("state IN ('due','paid')", name="state"),
        CheckConstraint(
            "(state = 'paid') = (paid_on IS NOT NULL)"
            " AND (paid_on IS NULL) = (document IS NULL) AND (paid_on IS NULL) = (paid_by IS NULL)",
            name="paid",
        ),
    )

    income_id: Mapped[UUID] = mapped_column(ForeignKey("income.id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("income_plan_member.id"))
    amount: Mapped[int]
    state: Mapped[str] = mapped_column(server_default=text("'due'"))
    paid_on: Mapped[date | None]
    document: Mapped[str | None]
    paid_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))


class IdleWatch(Versioned, Base):
    """The term after which an achievement that nobody took up counts as idle (rules.md A-29c)."""

    __tablename__ = "idle_watch"
    __table_args__ = (
        UniqueConstraint("achievement_id"),
        CheckConstraint("state IN ('watched','idle','ended')", name="state"),
        CheckConstraint("state <> 'idle' OR alerted_at IS NOT NULL", name="alerted"),
        Index("ix_idle_watch_due", "due_at", postgresql_where=text("state = 'watched'")),
        Index("ix_idle_watch_institution", "institution_id", "id"),
    )

    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"))
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    since: Mapped[date]
    since_note: Mapped[str]
    rule_set: Mapped[str]
    due_at: Mapped[datetime]
    due_provisional: Mapped[bool]
    calendar_version: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'watched'"))
    alerted_at: Mapped[datetime | None]
    ended_because: Mapped[str | None]


class Benefit(Versioned, Base):
    """A relief or reward that somebody enjoys because a contract is registered."""

    __tablename__ = "benefit"
    __table_args__ = (
        UniqueConstraint("registration_id", "party_id", "kind", "document"),
        CheckConstraint(
            "kind IN ('income_tax_relief','vat_exemption','reward_relief','equity_deferral',"
            "'reward')",
            name="kind",
        ),
        CheckConstraint("authority IN ('tax','science')", name="authority"),
        CheckConstraint("state IN ('claimed','at_risk','confirmed','recovered')", name="state"),
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("(state = 'claimed') = (at_risk_since IS NULL)", name="at_risk"),
        CheckConstraint(
            "(state IN ('confirmed','recovered')) = (decided_at IS NOT NULL)"
            " AND (decided_at IS NULL) = (decision_note IS NULL)",
            name="decided",
        ),
        Index("ix_benefit_registration", "registration_id", "id"),
        Index("ix_benefit_party", "party_id", "id"),
        Index("ix_benefit_list", "authority", "state", "id"),
    )

    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registration.id"))
    registration_number: Mapped[str]
    party_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    region: Mapped[str]
    kind: Mapped[str]
    authority: Mapped[str]
    amount_fen: Mapped[int]
    taken_on: Mapped[date]
    document: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'claimed'"))
    at_risk_since: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    decision_note: Mapped[str | None]


class FallenRegistration(Base):
    """A registration that was cancelled or revoked: no benefit rests on it from then on."""

    __tablename__ = "fallen_registration"

    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registration.id"), primary_key=True)
    fell_at: Mapped[datetime]
