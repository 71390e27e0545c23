"""Registration offices, their counters, and registrations."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def key(column: str, target: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(
        column,
        sa.Uuid,
        sa.ForeignKey(target, name=f"fk_registration_{column}"),
        nullable=nullable,
    )


def moment(name: str, *, nullable: bool = True) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def words(*names: str, nullable: bool) -> list[sa.Column]:
    return [sa.Column(name, sa.String, nullable=nullable) for name in names]


def upgrade() -> None:
    op.create_table(
        "registration_office",
        sa.Column(
            "organisation_id",
            sa.Uuid,
            sa.ForeignKey("organisation.id", name="fk_registration_office_organisation_id"),
            primary_key=True,
        ),
        sa.Column("region4", sa.String, nullable=False),
        sa.Column("point", sa.String, nullable=False),
        sa.UniqueConstraint("region4", "point", name="uq_registration_office_region4_point"),
        sa.CheckConstraint("region4 ~ '^[0-9]{4}$' AND point ~ '^[0-9]{2}$'", name="codes"),
    )
    op.create_table(
        "registration_counter",
        sa.Column(
            "office_id",
            sa.Uuid,
            sa.ForeignKey(
                "registration_office.organisation_id", name="fk_registration_counter_office_id"
            ),
            primary_key=True,
        ),
        sa.Column("year", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("last_serial", sa.BigInteger, nullable=False),
        sa.CheckConstraint("last_serial BETWEEN 1 AND 999999", name="last_serial"),
    )
    op.create_table(
        "registration",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("market_now()"),
            nullable=False,
        ),
        sa.Column("version", sa.BigInteger, server_default="1", nullable=False),
        key("contract_id", "contract.id"),
        key("office_id", "registration_office.organisation_id"),
        key("applicant_id", "organisation.id"),
        key("seller_id", "organisation.id"),
        *words("seller_kind", "seller_region", nullable=False),
        key("buyer_id", "organisation.id"),
        *words("buyer_kind", "buyer_region", "title", "contract_class", nullable=False),
        *words("sub_class", nullable=True),
        *words("technical_field", nullable=False),
        sa.Column("total_fen", sa.BigInteger, nullable=False),
        sa.Column("technical_fen", sa.BigInteger, nullable=False),
        moment("signed_at", nullable=False),
        sa.Column("state", sa.String, server_default="draft", nullable=False),
        *words("rule_set", nullable=True),
        moment("submitted_at"),
        moment("accepted_at"),
        key("accepted_by", "person.id", nullable=True),
        moment("due_at"),
        sa.Column("due_provisional", sa.Boolean, server_default=sa.text("false"), nullable=False),
        *words("calendar_version", nullable=True),
        moment("overdue_at"),
        *words("correction_note", "answer_note", nullable=True),
        key("decided_by", "person.id", nullable=True),
        *words("number", nullable=True),
        moment("registered_at"),
        *words("refusal_reason", "refusal_note", nullable=True),
        sa.UniqueConstraint("number", name="uq_registration_number"),
        sa.CheckConstraint(
            "state IN ('draft','submitted','accepted','needs_correction','registered','refused')",
            name="state",
        ),
        sa.CheckConstraint("0 <= technical_fen AND technical_fen <= total_fen", name="amounts"),
        sa.CheckConstraint(
            "(state = 'registered') = (number IS NOT NULL)"
            " AND (number IS NULL) = (registered_at IS NULL)",
            name="registered",
        ),
        sa.CheckConstraint("number ~ '^[0-9]{16}$'", name="number"),
        sa.CheckConstraint("(state = 'refused') = (refusal_reason IS NOT NULL)", name="refused"),
        sa.CheckConstraint(
            "state <> 'accepted' OR (accepted_at IS NOT NULL AND accepted_by IS NOT NULL"
            " AND due_at IS NOT NULL AND rule_set IS NOT NULL)",
            name="accepted",
        ),
    )
    op.create_index(
        "uq_registration_live_contract",
        "registration",
        ["contract_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'refused'"),
    )
    op.create_index(
        "ix_registration_due",
        "registration",
        ["due_at"],
        postgresql_where=sa.text("state = 'accepted' AND overdue_at IS NULL"),
    )
    op.create_index(
        "ix_registration_provisional",
        "registration",
        ["id"],
        postgresql_where=sa.text("state = 'accepted' AND due_provisional"),
    )
    op.create_index("ix_registration_office_id", "registration", ["office_id", "id"])
    op.create_index("ix_registration_applicant_id", "registration", ["applicant_id", "id"])
    op.create_index(
        "ix_registration_registered",
        "registration",
        ["registered_at", "id"],
        postgresql_where=sa.text("state = 'registered'"),
    )


def downgrade() -> None:
    for table in ("registration", "registration_counter", "registration_office"):
        op.drop_table(table)
