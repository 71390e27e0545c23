"""Contracts, their texts and signatures."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"

SIGNED_TEXT_STANDS = """
CREATE FUNCTION contract_text_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'draft' AND (NEW.text_sha256, NEW.text_version, NEW.text, NEW.terms)
            IS DISTINCT FROM (OLD.text_sha256, OLD.text_version, OLD.text, OLD.terms)
            AND NOT (OLD.state = 'signing' AND NEW.state = 'draft') THEN
        RAISE EXCEPTION 'the text of contract % is proposed or signed', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state = 'signed' AND OLD.state <> 'signed' AND (
            SELECT count(DISTINCT party_id) FROM contract_signature s
            WHERE s.contract_id = NEW.id AND s.text_version = NEW.text_version
              AND s.text_sha256 = NEW.text_sha256
              AND s.party_id IN (NEW.seller_id, NEW.buyer_id)) <> 2 THEN
        RAISE EXCEPTION 'contract % is not signed by both parties', NEW.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$
"""

SIGNATURE_FITS = """
CREATE FUNCTION contract_signature_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM contract c
    WHERE c.id = NEW.contract_id AND c.state = 'signing'
      AND c.text_version = NEW.text_version AND c.text_sha256 = NEW.text_sha256
      AND NEW.party_id IN (c.seller_id, c.buyer_id)
    FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the signature does not fit contract %', NEW.contract_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$
"""


def key(table: str, column: str, target: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(
        column,
        sa.Uuid,
        sa.ForeignKey(f"{target}.id", name=f"fk_{table}_{column}"),
        nullable=nullable,
    )


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
        "contract",
        *identified(),
        sa.Column("version", sa.BigInteger, server_default="1", nullable=False),
        key("contract", "deal_id", "deal"),
        key("contract", "achievement_id", "achievement"),
        key("contract", "seller_id", "organisation"),
        key("contract", "buyer_id", "organisation"),
        sa.Column("contract_class", sa.String, nullable=False),
        sa.Column("sub_class", sa.String),
        sa.Column("technical_field", sa.String, nullable=False),
        sa.Column("transfer_mode", sa.String, nullable=False),
        sa.Column("license_manner", sa.String),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("terms", JSONB, nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("template", sa.String, nullable=False),
        sa.Column("text_version", sa.BigInteger, nullable=False),
        sa.Column("text_sha256", sa.String, nullable=False),
        sa.Column("total_fen", sa.BigInteger, nullable=False),
        sa.Column("technical_fen", sa.BigInteger, nullable=False),
        sa.Column("payment_mode", sa.String, nullable=False),
        sa.Column("state", sa.String, server_default="draft", nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("deal_id", name="uq_contract_deal_id"),
        sa.CheckConstraint("state IN ('draft','signing','signed','terminated')", name="state"),
        sa.CheckConstraint(
            "contract_class IN ('development','transfer','license','consulting','service')",
            name="contract_class",
        ),
        sa.CheckConstraint(
            "payment_mode IN ('lump_once','lump_instalments','royalty','royalty_with_upfront')",
            name="payment_mode",
        ),
        sa.CheckConstraint("0 <= technical_fen AND technical_fen <= total_fen", name="amounts"),
        sa.CheckConstraint(
            "state NOT IN ('signed','terminated') OR signed_at IS NOT NULL", name="signed_at"
        ),
        sa.CheckConstraint("seller_id <> buyer_id", name="two_parties"),
    )
    op.create_index("ix_contract_seller_id", "contract", ["seller_id", "id"])
    op.create_index("ix_contract_buyer_id", "contract", ["buyer_id", "id"])
    op.create_table(
        "contract_text",
        *identified(),
        key("contract_text", "contract_id", "contract"),
        sa.Column("text_version", sa.BigInteger, nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("terms", JSONB, nullable=False),
        sa.Column("template", sa.String, nullable=False),
        sa.Column("text_sha256", sa.String, nullable=False),
        key("contract_text", "party_id", "organisation", nullable=True),
        sa.UniqueConstraint(
            "contract_id", "text_version", name="uq_contract_text_contract_id_text_version"
        ),
    )
    op.create_table(
        "contract_signature",
        *identified(),
        key("contract_signature", "contract_id", "contract"),
        key("contract_signature", "party_id", "organisation"),
        key("contract_signature", "person_id", "person"),
        key("contract_signature", "mandate_id", "mandate", nullable=True),
        sa.Column("text_version", sa.BigInteger, nullable=False),
        sa.Column("text_sha256", sa.String, nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint(
            "contract_id",
            "party_id",
            "text_version",
            name="uq_contract_signature_contract_id_party_id_text_version",
        ),
    )
    for table in ("contract_text", "contract_signature"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(SIGNED_TEXT_STANDS)
    op.execute(SIGNATURE_FITS)
    op.execute(
        "CREATE TRIGGER contract_text_stands BEFORE UPDATE ON contract"
        " FOR EACH ROW EXECUTE FUNCTION contract_text_stands()"
    )
    op.execute(
        "CREATE TRIGGER contract_signature_fits BEFORE INSERT ON contract_signature"
        " FOR EACH ROW EXECUTE FUNCTION contract_signature_fits()"
    )


def downgrade() -> None:
    for table in ("contract_signature", "contract_text", "contract"):
        op.drop_table(table)
    op.execute("DROP FUNCTION contract_signature_fits()")
    op.execute("DROP FUNCTION contract_text_stands()")
