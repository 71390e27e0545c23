"""Requests of applicants for a change or cancellation; plans that succeed one in effect."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0033"
down_revision = "0030"

PLAN_CHECKS = {
    "state": (
        "state IN ('draft','published','suspended','effective','void','withdrawn'{})",
        ",'superseded'",
    ),
    "period": ("(state IN ('published','effective'{})) = (ends_at IS NOT NULL)", ",'superseded'"),
    "effect": (
        "(state IN ('effective'{})) = (effective_at IS NOT NULL) AND effective_at >= ends_at",
        ",'superseded'",
    ),
}
LIVING = (
    "state NOT IN ('withdrawn','superseded') AND (succeeds IS NULL OR state = 'effective')"
    " AND contract_id IS {} NULL"
)
LIVING_BEFORE = "state <> 'withdrawn' AND contract_id IS {} NULL"


def upgrade() -> None:
    _requests()
    op.add_column("income_plan", sa.Column("succeeds", sa.Uuid, nullable=True))
    op.create_foreign_key(
        "fk_income_plan_succeeds", "income_plan", "income_plan", ["succeeds"], ["id"]
    )
    op.add_column(
        "income_plan",
        sa.Column("carried_fen", sa.BigInteger, server_default="0", nullable=False),
    )
    op.create_check_constraint(
        "carried", "income_plan", "carried_fen >= 0 AND (carried_fen = 0 OR succeeds IS NOT NULL)"
    )
    _plans(LIVING, superseded=True)
    op.create_index(
        "uq_income_plan_succeeds",
        "income_plan",
        ["succeeds"],
        unique=True,
        postgresql_where=sa.text("state <> 'withdrawn'"),
    )


def _plans(living: str, *, superseded: bool) -> None:
    """The conditions on states, and one living plan of a contract or own implementation."""
    for name, (condition, more) in PLAN_CHECKS.items():
        op.drop_constraint(name, "income_plan", type_="check")
        op.create_check_constraint(
            name, "income_plan", condition.format(more if superseded else "")
        )
    for name, columns, which in (
        ("uq_income_plan_contract", ["contract_id"], "NOT"),
        ("uq_income_plan_own", ["achievement_id", "institution_id"], ""),
    ):
        op.drop_index(name, "income_plan")
        condition = living.format(which).replace("  ", " ")
        op.create_index(
            name, "income_plan", columns, unique=True, postgresql_where=sa.text(condition)
        )


def _requests() -> None:
    def key(column: str, target: str, *, nullable: bool = False) -> sa.Column:
        name = f"fk_registration_request_{column}"
        return sa.Column(column, sa.Uuid, sa.ForeignKey(target, name=name), nullable=nullable)

    moment = sa.DateTime(timezone=True)
    op.create_table(
        "registration_request",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("created_at", moment, server_default=sa.text("market_now()"), nullable=False),
        key("registration_id", "registration.id"),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("wanted", JSONB, nullable=False),
        sa.Column("basis", sa.String, nullable=False),
        key("organisation_id", "organisation.id"),
        key("person_id", "person.id"),
        sa.Column("state", sa.String, server_default="filed", nullable=False),
        sa.Column("closed_at", moment, nullable=True),
        key("decided_by", "person.id", nullable=True),
        sa.Column("note", sa.String, nullable=True),
        sa.CheckConstraint("kind IN ('change','cancel')", name="kind"),
        sa.CheckConstraint("state IN ('filed','granted','rejected','withdrawn')", name="state"),
        sa.CheckConstraint("(state = 'filed') = (closed_at IS NULL)", name="closed"),
        sa.CheckConstraint(
            "(state IN ('granted','rejected')) = (decided_by IS NOT NULL)"
            " AND (state <> 'rejected' OR note IS NOT NULL)",
            name="decided",
        ),
        sa.CheckConstraint("(kind = 'cancel') = (wanted = '{}')", name="wanted"),
    )
    op.create_index(
        "uq_registration_request_open",
        "registration_request",
        ["registration_id"],
        unique=True,
        postgresql_where=sa.text("state = 'filed'"),
    )
    op.create_index(
        "ix_registration_request_registration_id",
        "registration_request",
        ["registration_id", "id"],
    )


def downgrade() -> None:
    # Fails, as it should, where a plan has been succeeded.
    op.drop_index("uq_income_plan_succeeds", "income_plan")
    _plans(LIVING_BEFORE, superseded=False)
    op.drop_constraint("carried", "income_plan", type_="check")
    op.drop_column("income_plan", "carried_fen")
    op.drop_column("income_plan", "succeeds")
    op.drop_table("registration_request")
