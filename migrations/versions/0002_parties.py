"""Parties: organisations, people, memberships, tokens, API keys, mandates."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0002"
down_revision = "0001"


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


def upgrade() -> None:
    op.create_table(
        "organisation",
        *identified(),
        sa.Column("version", sa.BigInteger, server_default="1", nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("name_en", sa.String),
        sa.Column("credit_code", sa.String, nullable=False),
        sa.Column("region_code", sa.String, nullable=False),
        sa.Column("address", sa.String, server_default="", nullable=False),
        sa.Column("contact", sa.String, server_default="", nullable=False),
        sa.Column("state", sa.String, server_default="pending", nullable=False),
        sa.Column("review_note", sa.String),
        sa.UniqueConstraint("credit_code", name="uq_organisation_credit_code"),
        sa.CheckConstraint("state IN ('pending','active','rejected','suspended')", name="state"),
    )
    op.create_index("ix_organisation_kind", "organisation", ["kind", "id"])
    op.create_table(
        "person",
        *identified(),
        sa.Column("login", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("password_hash", sa.String),
        sa.Column("failed_logins", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("login", name="uq_person_login"),
    )
    op.create_table(
        "membership",
        *identified(),
        sa.Column(
            "person_id",
            sa.Uuid,
            sa.ForeignKey("person.id", name="fk_membership_person_id"),
            nullable=False,
        ),
        sa.Column(
            "organisation_id",
            sa.Uuid,
            sa.ForeignKey("organisation.id", name="fk_membership_organisation_id"),
            nullable=False,
        ),
        sa.Column("roles", ARRAY(sa.Text), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint(
            "person_id", "organisation_id", name="uq_membership_person_id_organisation_id"
        ),
    )
    op.create_index("ix_membership_organisation_id", "membership", ["organisation_id"])
    op.create_table(
        "login_session",
        *identified(),
        sa.Column("family_id", sa.Uuid, nullable=False),
        sa.Column(
            "membership_id",
            sa.Uuid,
            sa.ForeignKey("membership.id", name="fk_login_session_membership_id"),
            nullable=False,
        ),
        sa.Column("access_hash", sa.LargeBinary, nullable=False),
        sa.Column("refresh_hash", sa.LargeBinary, nullable=False),
        sa.Column("access_expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refresh_expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rotated_at", sa.DateTime(timezone=True)),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("access_hash", name="uq_login_session_access_hash"),
        sa.UniqueConstraint("refresh_hash", name="uq_login_session_refresh_hash"),
    )
    op.create_index("ix_login_session_family", "login_session", ["family_id"])
    op.create_table(
        "api_key",
        *identified(),
        sa.Column(
            "membership_id",
            sa.Uuid,
            sa.ForeignKey("membership.id", name="fk_api_key_membership_id"),
            nullable=False,
        ),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("hint", sa.String, nullable=False),
        sa.Column("secret_hash", sa.LargeBinary, nullable=False),
        sa.Column("scopes", ARRAY(sa.Text), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("secret_hash", name="uq_api_key_secret_hash"),
    )
    op.create_index("ix_api_key_membership_id", "api_key", ["membership_id"])
    op.create_table(
        "mandate",
        *identified(),
        sa.Column(
            "broker_id",
            sa.Uuid,
            sa.ForeignKey("organisation.id", name="fk_mandate_broker_id"),
            nullable=False,
        ),
        sa.Column(
            "client_id",
            sa.Uuid,
            sa.ForeignKey("organisation.id", name="fk_mandate_client_id"),
            nullable=False,
        ),
        sa.Column("scopes", ARRAY(sa.Text), nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_until", sa.Date, nullable=False),
        sa.Column(
            "granted_by",
            sa.Uuid,
            sa.ForeignKey("person.id", name="fk_mandate_granted_by"),
            nullable=False,
        ),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("valid_from <= valid_until", name="period"),
        sa.CheckConstraint("broker_id <> client_id", name="two_parties"),
    )
    op.create_index("ix_mandate_broker_client", "mandate", ["broker_id", "client_id"])
    op.create_index("ix_mandate_client", "mandate", ["client_id"])


def downgrade() -> None:
    for table in ("mandate", "api_key", "login_session", "membership", "person", "organisation"):
        op.drop_table(table)
