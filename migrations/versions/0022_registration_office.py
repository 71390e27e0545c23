"""Recognition and the registration office: parties, findings, objections, income, certificates."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0022"
down_revision = "0024"

STATES = (
    "state IN ('draft','submitted','accepted','needs_correction','split','registered',"
    "'refused','changed','cancelled','revoked','under_review','overturned')"
)
REGISTERED = (
    "(state NOT IN ('registered','changed','cancelled','revoked','overturned')"
    " OR number IS NOT NULL) AND (state IN ('registered','changed','cancelled','revoked',"
    "'under_review','overturned') OR number IS NULL)"
    " AND (number IS NULL) = (registered_at IS NULL)"
)
REFUSED = (
    "(state <> 'refused' OR refusal_reason IS NOT NULL)"
    " AND (state IN ('refused','under_review') OR refusal_reason IS NULL)"
)
ORIGIN = (
    "(source = 'platform') = (contract_id IS NOT NULL)"
    " AND (source = 'import') = (reference IS NOT NULL)"
)
FELL = "(state IN ('cancelled','revoked','overturned')) = (fell_at IS NOT NULL)"
ENDED = "state IN ('refused','split','cancelled','revoked','overturned')"
APPEND_ONLY = ("registration_text", "registration_finding", "registration_income")

CERTIFICATE_STANDS = """
CREATE FUNCTION registration_certificate_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.document IS NOT NULL OR NEW.document IS NULL
            OR to_jsonb(NEW) - 'document' IS DISTINCT FROM to_jsonb(OLD) - 'document' THEN
        RAISE EXCEPTION 'certificate % of registration % is as it was issued',
            OLD.edition, OLD.registration_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$
"""

NUMBER_STANDS = """
CREATE FUNCTION registration_number_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.number IS NOT NULL AND (NEW.number, NEW.registered_at)
            IS DISTINCT FROM (OLD.number, OLD.registered_at) THEN
        RAISE EXCEPTION 'number % of registration % stands', OLD.number, OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$
"""


def made() -> list[sa.Column]:
    return [
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("market_now()"),
            nullable=False,
        ),
    ]


def key(table: str, column: str, target: str, *, nullable: bool = False) -> sa.Column:
    name = f"fk_{table}_{column}"
    return sa.Column(column, sa.Uuid, sa.ForeignKey(target, name=name), nullable=nullable)


def check(name: str, condition: str) -> None:
    op.execute(f"ALTER TABLE registration DROP CONSTRAINT IF EXISTS ck_registration_{name}")
    op.create_check_constraint(name, "registration", condition)


def parties() -> None:
    op.create_table(
        "registration_party",
        sa.Column("id", sa.Uuid, primary_key=True),
        key("registration_party", "organisation_id", "organisation.id", nullable=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("credit_code", sa.String, nullable=False),
        sa.Column("region_code", sa.String, nullable=False),
        sa.Column("country", sa.String, server_default="142", nullable=False),
        sa.Column("party_type", sa.String, nullable=True),
        sa.UniqueConstraint("credit_code", name="uq_registration_party_credit_code"),
        sa.CheckConstraint("organisation_id IS NULL OR organisation_id = id", name="same_id"),
        sa.CheckConstraint("country ~ '^[0-9]{3}$'", name="country"),
    )
    op.execute(
        "INSERT INTO registration_party (id, organisation_id, name, credit_code, region_code)"
        " SELECT DISTINCT o.id, o.id, o.name, o.credit_code, o.region_code FROM organisation o"
        " JOIN registration r ON o.id IN (r.seller_id, r.buyer_id)"
    )
    for side in ("seller_id", "buyer_id"):
        op.drop_constraint(f"fk_registration_{side}", "registration", type_="foreignkey")
        op.create_foreign_key(
            f"fk_registration_{side}",
            "registration",
            "registration_party",
            [side],
            ["id"],
            onupdate="CASCADE",
        )


def registration() -> None:
    op.alter_column("registration", "contract_id", nullable=True)
    for column in (
        sa.Column("source", sa.String, server_default="platform", nullable=False),
        sa.Column("reference", sa.String, nullable=True),
        sa.Column("part", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("payment_mode", sa.String, nullable=True),
        sa.Column("details", JSONB, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("digest", sa.String, nullable=True),
        sa.Column("hashes", ARRAY(sa.BigInteger), nullable=True),
        sa.Column("bands", ARRAY(sa.BigInteger), nullable=True),
        sa.Column("disputed", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fell_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fall_note", sa.String, nullable=True),
    ):
        op.add_column("registration", column)
    op.create_unique_constraint(
        "uq_registration_office_id_reference", "registration", ["office_id", "reference"]
    )
    check("state", STATES)
    check("registered", REGISTERED)
    check("refused", REFUSED)
    check("fell", FELL)
    check("source", "source IN ('platform','import')")
    check("origin", ORIGIN)
    check("part", "part >= 0")
    op.drop_index("uq_registration_live_contract", "registration")
    op.create_index(
        "uq_registration_live_contract",
        "registration",
        ["contract_id", "part"],
        unique=True,
        postgresql_where=sa.text(f"NOT ({ENDED})"),
    )
    op.create_index(
        "ix_registration_queue",
        "registration",
        ["office_id", "due_at"],
        postgresql_where=sa.text("state IN ('submitted','accepted')"),
    )
    op.create_index("ix_registration_parties", "registration", ["seller_id", "buyer_id"])
    op.create_index("ix_registration_digest", "registration", ["digest"])
    op.create_index("ix_registration_bands", "registration", ["bands"], postgresql_using="gin")
    op.drop_index("ix_registration_registered", "registration")
    op.create_index(
        "ix_registration_registered",
        "registration",
        ["registered_at", "id"],
        postgresql_where=sa.text("number IS NOT NULL"),
    )
    op.execute(NUMBER_STANDS)
    op.execute(
        "CREATE TRIGGER registration_number_stands BEFORE UPDATE ON registration"
        " FOR EACH ROW EXECUTE FUNCTION registration_number_stands()"
    )


def records() -> None:
    table = "registration_text"
    op.create_table(
        table,
        *made(),
        key(table, "registration_id", "registration.id"),
        sa.Column("text_version", sa.BigInteger, nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("text_sha256", sa.String, nullable=False),
        sa.UniqueConstraint(
            "registration_id",
            "text_version",
            name="uq_registration_text_registration_id_text_version",
        ),
    )
    table = "registration_finding"
    op.create_table(
        table,
        *made(),
        key(table, "registration_id", "registration.id"),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("content", JSONB, nullable=False),
        key(table, "person_id", "person.id"),
        sa.CheckConstraint(
            "kind IN ('assessment','amounts','dispute','opinion','cleared','change')", name="kind"
        ),
    )
    op.create_index(
        "ix_registration_finding_registration_id", table, ["registration_id", "kind", "id"]
    )
    objections()
    income_and_certificates()
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE"
            f" ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(CERTIFICATE_STANDS)
    op.execute(
        "CREATE TRIGGER registration_certificate_stands BEFORE UPDATE OR DELETE"
        " ON registration_certificate FOR EACH ROW"
        " EXECUTE FUNCTION registration_certificate_stands()"
    )


def objections() -> None:
    table = "registration_objection"
    op.create_table(
        table,
        *made(),
        key(table, "registration_id", "registration.id"),
        sa.Column("against", sa.String, nullable=False),
        key(table, "organisation_id", "organisation.id"),
        key(table, "person_id", "person.id"),
        sa.Column("grounds", sa.String, nullable=False),
        sa.Column("state", sa.String, server_default="under_review", nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        key(table, "decided_by", "person.id", nullable=True),
        sa.Column("note", sa.String, nullable=True),
        sa.CheckConstraint(
            "state IN ('under_review','upheld','overturned','withdrawn')", name="state"
        ),
        sa.CheckConstraint("against IN ('registered','changed','refused')", name="against"),
        sa.CheckConstraint("(state = 'under_review') = (closed_at IS NULL)", name="closed"),
        sa.CheckConstraint(
            "state NOT IN ('upheld','overturned') OR (decided_by IS NOT NULL AND note IS NOT NULL)",
            name="decided",
        ),
    )
    op.create_index(
        "uq_registration_objection_open",
        table,
        ["registration_id"],
        unique=True,
        postgresql_where=sa.text("state = 'under_review'"),
    )
    op.create_index("ix_registration_objection_registration_id", table, ["registration_id", "id"])


def income_and_certificates() -> None:
    table = "registration_income"
    op.create_table(
        table,
        *made(),
        key(table, "registration_id", "registration.id"),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("payment_id", sa.Uuid, nullable=True),
        sa.Column("received_on", sa.Date, nullable=False),
        sa.Column("realised_total_fen", sa.BigInteger, nullable=False),
        sa.Column("realised_technical_fen", sa.BigInteger, nullable=False),
        sa.Column("deductions", JSONB, nullable=False),
        sa.Column("income_fen", sa.BigInteger, nullable=False),
        sa.Column("exceeds", sa.Boolean, nullable=False),
        sa.Column("override_reason", sa.String, nullable=True),
        key(table, "stated_by", "person.id"),
        sa.UniqueConstraint(
            "registration_id", "sequence", name="uq_registration_income_registration_id_sequence"
        ),
        sa.UniqueConstraint(
            "registration_id",
            "payment_id",
            name="uq_registration_income_registration_id_payment_id",
        ),
        sa.CheckConstraint(
            "0 <= income_fen AND income_fen <= realised_technical_fen"
            " AND realised_technical_fen <= realised_total_fen",
            name="amounts",
        ),
    )
    table = "registration_certificate"
    op.create_table(
        table,
        *made(),
        key(table, "registration_id", "registration.id"),
        sa.Column("edition", sa.BigInteger, nullable=False),
        sa.Column("check_code", sa.String, nullable=False),
        sa.Column("content", JSONB, nullable=False),
        sa.Column("content_sha256", sa.LargeBinary, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sa.Column("key_id", sa.String, nullable=False),
        sa.Column("public_key", sa.String, nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=True),
        sa.UniqueConstraint(
            "registration_id", "edition", name="uq_registration_certificate_registration_id_edition"
        ),
        sa.CheckConstraint("octet_length(content_sha256) = 32", name="content_sha256"),
        sa.CheckConstraint("octet_length(signature) = 64", name="signature"),
    )


def upgrade() -> None:
    parties()
    registration()
    records()


def downgrade() -> None:
    raise RuntimeError("registrations of contracts that were not traded here would be lost")
