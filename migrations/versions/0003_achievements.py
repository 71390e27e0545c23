"""Achievements: rights, owners, persons, packages, disclosure, documents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0003"
down_revision = "0002"

PUBLISHED = sa.text("state = 'published'")


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


def reference(table: str, column: str, target: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(
        column,
        sa.Uuid,
        sa.ForeignKey(f"{target}.id", name=f"fk_{table}_{column}"),
        nullable=nullable,
    )


def part_of(table: str, column: str = "achievement_id") -> list[sa.Column]:
    return [
        sa.Column(
            column,
            sa.Uuid,
            sa.ForeignKey("achievement.id", name=f"fk_{table}_{column}"),
            primary_key=True,
        ),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    ]


def upgrade() -> None:
    achievement()
    parts()
    disclosure()


def achievement() -> None:
    op.create_table(
        "achievement",
        *identified(),
        sa.Column("version", sa.BigInteger, server_default="1", nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("title_key", sa.Uuid, nullable=False),
        sa.Column("summary", sa.String, nullable=False),
        sa.Column("details", sa.String, server_default="", nullable=False),
        sa.Column("technical_field", sa.String, nullable=False),
        sa.Column("ipc", ARRAY(sa.Text), nullable=False),
        sa.Column("industry_code", sa.String),
        sa.Column("trl", sa.BigInteger),
        sa.Column("transfer_modes", ARRAY(sa.Text), nullable=False),
        sa.Column("funding", sa.String),
        sa.Column("secrecy", sa.String, nullable=False),
        reference("achievement", "lead_party_id", "organisation"),
        sa.Column("state", sa.String, server_default="draft", nullable=False),
        sa.Column("public_from", sa.DateTime(timezone=True)),
        sa.CheckConstraint("kind IN ('single','package')", name="kind"),
        sa.CheckConstraint("state IN ('draft','published','withdrawn')", name="state"),
        sa.CheckConstraint("secrecy IN ('public','internal','confidential')", name="secrecy"),
        sa.CheckConstraint("trl BETWEEN 1 AND 9", name="trl"),
        sa.CheckConstraint(
            "state <> 'published' OR secrecy <> 'confidential'", name="never_public"
        ),
        sa.CheckConstraint("state <> 'published' OR public_from IS NOT NULL", name="public_from"),
    )
    op.create_index("ix_achievement_lead_party", "achievement", ["lead_party_id", "id"])
    op.create_index("ix_achievement_title_key", "achievement", ["lead_party_id", "title_key"])
    for name, columns in {
        "ix_achievement_published": ["id"],
        "ix_achievement_title": ["title", "id"],
        "ix_achievement_field": ["technical_field", "id"],
    }.items():
        op.create_index(name, "achievement", columns, postgresql_where=PUBLISHED)


def parts() -> None:
    op.create_table(
        "achievement_owner",
        *part_of("achievement_owner"),
        reference("achievement_owner", "organisation_id", "organisation", nullable=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("share_bp", sa.BigInteger, nullable=False),
        sa.CheckConstraint("share_bp BETWEEN 1 AND 10000", name="share"),
    )
    op.create_index(
        "ix_achievement_owner_organisation",
        "achievement_owner",
        ["organisation_id", "achievement_id"],
    )
    op.create_table(
        "achievement_right",
        *part_of("achievement_right"),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("office", sa.String, server_default="CN", nullable=False),
        sa.Column("number", sa.String),
        sa.Column("title", sa.String),
        sa.Column("expires_on", sa.Date),
        sa.Column("status", sa.String),
    )
    op.create_index(
        "ix_achievement_right_number",
        "achievement_right",
        ["number"],
        postgresql_where=sa.text("number IS NOT NULL"),
    )
    op.create_table(
        "achievement_person",
        *part_of("achievement_person"),
        sa.Column("name", sa.String, nullable=False),
        reference("achievement_person", "person_id", "person", nullable=True),
    )
    op.create_table(
        "package_member",
        *part_of("package_member", "package_id"),
        reference("package_member", "member_id", "achievement"),
        sa.UniqueConstraint(
            "package_id", "member_id", name="uq_package_member_package_id_member_id"
        ),
        sa.CheckConstraint("package_id <> member_id", name="not_itself"),
    )
    op.create_index("ix_package_member_member", "package_member", ["member_id"])


def disclosure() -> None:
    op.create_table(
        "document",
        *identified(),
        reference("document", "achievement_id", "achievement"),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("media_type", sa.String, nullable=False),
        sa.Column("audience", sa.String, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String, nullable=False),
        reference("document", "uploaded_by", "person", nullable=True),
        sa.UniqueConstraint("achievement_id", "sha256", name="uq_document_achievement_id_sha256"),
        sa.CheckConstraint("audience IN ('public','restricted')", name="audience"),
        sa.CheckConstraint("size_bytes >= 0", name="size"),
    )
    op.create_table(
        "disclosure_grant",
        *identified(),
        reference("disclosure_grant", "achievement_id", "achievement"),
        reference("disclosure_grant", "organisation_id", "organisation"),
        reference("disclosure_grant", "granted_by", "person", nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True)),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
    )
    op.create_index(
        "uq_disclosure_grant_live",
        "disclosure_grant",
        ["achievement_id", "organisation_id"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_index("ix_disclosure_grant_achievement", "disclosure_grant", ["achievement_id", "id"])
    op.create_table(
        "disclosure",
        *identified(),
        reference("disclosure", "achievement_id", "achievement"),
        reference("disclosure", "document_id", "document", nullable=True),
        sa.Column("person_id", sa.Uuid),
        sa.Column("organisation_id", sa.Uuid),
        sa.Column("client_id", sa.Uuid),
        sa.Column("mandate_id", sa.Uuid),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_disclosure_achievement", "disclosure", ["achievement_id", "id"])
    op.execute(
        "CREATE TRIGGER disclosure_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON disclosure"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    for table in (
        "disclosure",
        "disclosure_grant",
        "document",
        "package_member",
        "achievement_person",
        "achievement_right",
        "achievement_owner",
        "achievement",
    ):
        op.drop_table(table)
