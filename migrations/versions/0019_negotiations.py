"""Negotiations, publicity of deals, runner-ups, and trade certificates.

A deal that exists already and has no contract gets seven calendar days of publicity, at least five
working days outside of holidays, marked as provisional, so that the next recount settles them.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0019"
down_revision = "0017"

APPEND_ONLY = (
    "negotiation_offer",
    "negotiation_answer",
    "negotiation_nda_signature",
    "negotiation_document",
    "negotiation_document_reading",
    "dual_agency_consent",
    "commission",
)

OFFER_FITS = """
CREATE FUNCTION negotiation_offer_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM negotiation n
    WHERE n.id = NEW.negotiation_id AND n.state = 'open' AND n.last_sequence = NEW.sequence
    FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the offer does not fit negotiation %', NEW.negotiation_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$
"""

ANSWER_FITS = """
CREATE FUNCTION negotiation_answer_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM negotiation_offer o JOIN negotiation n ON n.id = o.negotiation_id
    WHERE o.id = NEW.offer_id AND n.state = 'open' AND o.sequence = n.last_sequence
      AND o.side <> NEW.side AND (NOT NEW.accepted OR NEW.answered_at < o.valid_until)
    FOR UPDATE OF n;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the answer does not fit offer %', NEW.offer_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$
"""

AGREED_FITS = """
CREATE FUNCTION negotiation_agreed_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'agreed' AND OLD.state <> 'agreed' AND NOT EXISTS (
            SELECT FROM negotiation_offer o JOIN negotiation_answer a ON a.offer_id = o.id
            WHERE o.negotiation_id = NEW.id AND o.sequence = NEW.last_sequence AND a.accepted
              AND o.committed_fen = NEW.agreed_fen) THEN
        RAISE EXCEPTION 'no offer of negotiation % was accepted', NEW.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$
"""

DEAL_STATE_FITS = """
CREATE FUNCTION deal_state_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'publicised' AND OLD.state <> 'publicised'
            AND (OLD.state <> 'concluded' OR NEW.publicity_ends_at > market_now()) THEN
        RAISE EXCEPTION 'the publicity of deal % has not passed', NEW.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state = 'contracted' AND OLD.state NOT IN ('publicised', 'contracted') THEN
        RAISE EXCEPTION 'deal % was not made public', NEW.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$
"""

SIGNED_AFTER_PUBLICITY = """
CREATE FUNCTION contract_signature_after_publicity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM deal d JOIN contract c ON c.deal_id = d.id
    WHERE c.id = NEW.contract_id AND d.state = 'publicised'
    FOR SHARE OF d;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the publicity of the deal of contract % has not passed', NEW.contract_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$
"""

CERTIFICATE_FITS = """
CREATE FUNCTION trade_certificate_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM deal d WHERE d.id = NEW.deal_id AND d.state = 'contracted' FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'deal % has no signed contract', NEW.deal_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$
"""

CERTIFICATE_STANDS = """
CREATE FUNCTION trade_certificate_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.revoked_at IS NOT NULL OR (to_jsonb(NEW) - '{revoked_at,revoked_by,revocation_reason}'::text[])
            IS DISTINCT FROM (to_jsonb(OLD) - '{revoked_at,revoked_by,revocation_reason}'::text[]) THEN
        RAISE EXCEPTION 'certificate % stands as it was issued', OLD.number
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$
"""

FUNCTIONS = {
    "negotiation_offer_fits": (OFFER_FITS, "BEFORE INSERT ON negotiation_offer"),
    "negotiation_answer_fits": (ANSWER_FITS, "BEFORE INSERT ON negotiation_answer"),
    "negotiation_agreed_fits": (AGREED_FITS, "BEFORE UPDATE ON negotiation"),
    "deal_state_fits": (DEAL_STATE_FITS, "BEFORE UPDATE ON deal"),
    "contract_signature_after_publicity": (
        SIGNED_AFTER_PUBLICITY,
        "BEFORE INSERT ON contract_signature",
    ),
    "trade_certificate_fits": (CERTIFICATE_FITS, "BEFORE INSERT ON trade_certificate"),
    "trade_certificate_stands": (CERTIFICATE_STANDS, "BEFORE UPDATE ON trade_certificate"),
}


def key(table: str, column: str, target: str, *, nullable: bool = False) -> sa.Column:
    reference = sa.ForeignKey(f"{target}.id", name=f"fk_{table}_{column}")
    return sa.Column(column, sa.Uuid, reference, nullable=nullable)


def time(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def number(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def words(name: str, *, nullable: bool = False, default: str | None = None) -> sa.Column:
    return sa.Column(name, sa.String, nullable=nullable, server_default=default)


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


def acted_by(table: str) -> list[sa.Column]:
    return [key(table, "person_id", "person"), key(table, "mandate_id", "mandate", nullable=True)]


def partial(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    op.create_index(name, table, columns, unique=unique, postgresql_where=sa.text(where))


def upgrade() -> None:
    op.add_column("listing", words("negotiation", default="none"))
    op.create_check_constraint(
        "negotiation", "listing", "negotiation IN ('none','one_bidder','open')"
    )
    _negotiation()
    _offers()
    _documents()
    _brokers()
    _deal()
    _runner_up()
    _certificate()
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        "CREATE TRIGGER trade_certificate_kept BEFORE DELETE OR TRUNCATE ON trade_certificate"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    for name, (function, when) in FUNCTIONS.items():
        op.execute(function)
        op.execute(f"CREATE TRIGGER {name} {when} FOR EACH ROW EXECUTE FUNCTION {name}()")


def _negotiation() -> None:
    table = "negotiation"
    op.create_table(
        table,
        *identified(),
        sa.Column("version", sa.BigInteger, server_default="1", nullable=False),
        key(table, "listing_id", "listing"),
        key(table, "seller_id", "organisation"),
        key(table, "buyer_id", "organisation"),
        key(table, "seller_broker_id", "organisation", nullable=True),
        key(table, "buyer_broker_id", "organisation", nullable=True),
        words("origin"),
        words("title"),
        words("transfer_mode"),
        words("license_manner", nullable=True),
        number("floor_fen"),
        words("message", default=""),
        words("state", default="open"),
        words("reason", nullable=True),
        sa.Column("last_sequence", sa.BigInteger, server_default="0", nullable=False),
        time("expires_at"),
        time("agreed_at", nullable=True),
        number("agreed_fen", nullable=True),
        words("rule_set"),
        sa.CheckConstraint("state IN ('open','agreed','ended','expired')", name="state"),
        sa.CheckConstraint("origin IN ('buyer','one_bidder')", name="origin"),
        sa.CheckConstraint("seller_id <> buyer_id", name="two_parties"),
        sa.CheckConstraint("floor_fen >= 0 AND last_sequence >= 0", name="amounts"),
        sa.CheckConstraint(
            "(state = 'agreed') = (agreed_at IS NOT NULL)"
            " AND (state = 'agreed') = (agreed_fen IS NOT NULL)"
            " AND (agreed_fen IS NULL OR agreed_fen >= floor_fen)",
            name="agreed",
        ),
    )
    for name, columns, where in (
        ("uq_negotiation_open", ["listing_id", "buyer_id"], "state = 'open'"),
        ("uq_negotiation_agreed", ["listing_id"], "state = 'agreed'"),
        ("uq_negotiation_one_bidder", ["listing_id"], "origin = 'one_bidder'"),
    ):
        partial(name, table, columns, where, unique=True)
    op.create_index("ix_negotiation_seller_id", table, ["seller_id", "id"])
    op.create_index("ix_negotiation_buyer_id", table, ["buyer_id", "id"])
    partial("ix_negotiation_to_expire", table, ["expires_at"], "state = 'open'")


def _offers() -> None:
    table = "negotiation_offer"
    op.create_table(
        table,
        *identified(),
        key(table, "negotiation_id", "negotiation"),
        number("sequence"),
        words("side"),
        *acted_by(table),
        sa.Column("terms", JSONB, nullable=False),
        number("committed_fen"),
        time("made_at"),
        time("valid_until"),
        sa.UniqueConstraint(
            "negotiation_id", "sequence", name="uq_negotiation_offer_negotiation_id_sequence"
        ),
        sa.CheckConstraint("side IN ('seller','buyer')", name="side"),
        sa.CheckConstraint("sequence >= 1 AND committed_fen >= 0", name="amounts"),
    )
    table = "negotiation_answer"
    op.create_table(
        table,
        *identified(),
        key(table, "offer_id", "negotiation_offer"),
        sa.Column("accepted", sa.Boolean, nullable=False),
        words("side"),
        *acted_by(table),
        words("reason", default=""),
        time("answered_at"),
        sa.UniqueConstraint("offer_id", name="uq_negotiation_answer_offer_id"),
    )


def _documents() -> None:
    table = "negotiation_nda_signature"
    op.create_table(
        table,
        *identified(),
        key(table, "negotiation_id", "negotiation"),
        key(table, "party_id", "organisation"),
        *acted_by(table),
        words("text_version"),
        words("text_sha256"),
        time("signed_at"),
        sa.UniqueConstraint(
            "negotiation_id",
            "party_id",
            "text_version",
            name="uq_negotiation_nda_signature_party",
        ),
    )
    table = "negotiation_document"
    op.create_table(
        table,
        *identified(),
        key(table, "negotiation_id", "negotiation"),
        key(table, "owner_id", "organisation"),
        words("name"),
        words("media_type"),
        number("size_bytes"),
        words("sha256"),
        key(table, "uploaded_by", "person"),
        sa.UniqueConstraint(
            "negotiation_id",
            "owner_id",
            "sha256",
            name="uq_negotiation_document_negotiation_id_owner_id_sha256",
        ),
        sa.CheckConstraint("size_bytes > 0", name="size"),
    )
    table = "negotiation_document_reading"
    op.create_table(
        table,
        *identified(),
        key(table, "document_id", "negotiation_document"),
        key(table, "party_id", "organisation"),
        key(table, "organisation_id", "organisation"),
        *acted_by(table),
        time("read_at"),
    )
    op.create_index("ix_negotiation_document_reading", table, ["document_id", "id"])


def _brokers() -> None:
    table = "dual_agency_consent"
    op.create_table(
        table,
        *identified(),
        key(table, "listing_id", "listing"),
        key(table, "broker_id", "organisation"),
        key(table, "party_id", "organisation"),
        key(table, "person_id", "person"),
        time("consented_at"),
        sa.UniqueConstraint(
            "listing_id",
            "broker_id",
            "party_id",
            name="uq_dual_agency_consent_listing_id_broker_id_party_id",
        ),
    )
    table = "commission_agreement"
    op.create_table(
        table,
        *identified(),
        key(table, "mandate_id", "mandate"),
        key(table, "broker_id", "organisation"),
        key(table, "client_id", "organisation"),
        number("rate_bp", nullable=True),
        number("fixed_fen", nullable=True),
        number("cap_fen", nullable=True),
        key(table, "proposed_by", "person"),
        key(table, "accepted_by", "person", nullable=True),
        time("accepted_at", nullable=True),
        sa.CheckConstraint("(rate_bp IS NULL) <> (fixed_fen IS NULL)", name="kind"),
        sa.CheckConstraint("cap_fen IS NULL OR rate_bp IS NOT NULL", name="cap"),
        sa.CheckConstraint(
            "rate_bp BETWEEN 1 AND 10000 AND fixed_fen >= 0 AND cap_fen >= 0", name="amounts"
        ),
        sa.CheckConstraint("(accepted_at IS NULL) = (accepted_by IS NULL)", name="accepted"),
    )
    op.create_index(
        "ix_commission_agreement_parties", table, ["broker_id", "client_id", "accepted_at"]
    )
    op.create_index("ix_commission_agreement_client", table, ["client_id", "id"])
    table = "commission"
    op.create_table(
        table,
        *identified(),
        key(table, "negotiation_id", "negotiation"),
        key(table, "broker_id", "organisation"),
        key(table, "client_id", "organisation"),
        key(table, "agreement_id", "commission_agreement", nullable=True),
        number("price_fen"),
        number("amount_fen", nullable=True),
        time("earned_at"),
        sa.UniqueConstraint(
            "negotiation_id", "client_id", name="uq_commission_negotiation_id_client_id"
        ),
        sa.CheckConstraint("(agreement_id IS NULL) = (amount_fen IS NULL)", name="agreed"),
    )
    op.create_index("ix_commission_broker", table, ["broker_id", "id"])
    op.create_index("ix_commission_client", table, ["client_id", "id"])


def _deal() -> None:
    for column in (
        key("deal", "negotiation_id", "negotiation", nullable=True),
        key("deal", "succeeds_id", "deal", nullable=True),
        key("deal", "seller_broker_id", "organisation", nullable=True),
        key("deal", "buyer_broker_id", "organisation", nullable=True),
        sa.Column("terms", JSONB),
        words("note", nullable=True),
        sa.Column("publicity_from", sa.Date),
        number("publicity_working_days", nullable=True),
        time("publicity_ends_at", nullable=True),
        sa.Column(
            "publicity_provisional", sa.Boolean, server_default=sa.text("false"), nullable=False
        ),
        words("calendar_version", nullable=True),
        words("rule_set", nullable=True),
        words("payment_mode", nullable=True),
        time("ended_at", nullable=True),
    ):
        op.add_column("deal", column)
    op.execute(
        "UPDATE deal d SET publicity_from = d.began, publicity_working_days = 5,"
        " publicity_ends_at = (d.began + 8)::timestamp AT TIME ZONE 'Asia/Shanghai',"
        " publicity_provisional = d.state = 'concluded', calendar_version = '',"
        " rule_set = 'RESULT_2016',"
        " ended_at = CASE WHEN d.state = 'cancelled' THEN market_now() END,"
        " payment_mode = (SELECT c.payment_mode FROM contract c WHERE c.deal_id = d.id)".replace(
            "d.began", "(d.created_at AT TIME ZONE 'Asia/Shanghai')::date"
        )
    )
    for name in (
        "publicity_from",
        "publicity_working_days",
        "publicity_ends_at",
        "calendar_version",
        "rule_set",
    ):
        op.alter_column("deal", name, nullable=False)
    for name in ("uq_deal_listing_id", "uq_deal_auction_id"):
        op.drop_constraint(name, "deal")
    live = "state NOT IN ('cancelled','defaulted')"
    partial("uq_deal_live_listing", "deal", ["listing_id"], live, unique=True)
    partial("uq_deal_first_of_auction", "deal", ["auction_id"], "succeeds_id IS NULL", unique=True)
    for name in ("negotiation_id", "succeeds_id"):
        op.create_unique_constraint(f"uq_deal_{name}", "deal", [name])
    for name in ("state", "contracted"):
        op.execute(f"ALTER TABLE deal DROP CONSTRAINT ck_deal_{name}")
    for name, rule in (
        (
            "state",
            "state IN ('concluded','suspended','publicised','contracted','cancelled','defaulted')",
        ),
        ("negotiation", "(method = 'negotiation') = (negotiation_id IS NOT NULL)"),
        (
            "contracted",
            "(state <> 'contracted' OR contracted_at IS NOT NULL)"
            " AND (contracted_at IS NULL OR state IN ('contracted','defaulted'))",
        ),
        ("publicity", "publicity_working_days >= 1"),
        ("ended", "(state IN ('cancelled','defaulted')) = (ended_at IS NOT NULL)"),
    ):
        op.create_check_constraint(name, "deal", rule)
    op.create_index("ix_deal_listing_id", "deal", ["listing_id"])
    partial("ix_deal_to_publicise", "deal", ["publicity_ends_at"], "state = 'concluded'")


def _runner_up() -> None:
    table = "runner_up_offer"
    op.create_table(
        table,
        *identified(),
        key(table, "deal_id", "deal"),
        key(table, "bidder_id", "organisation"),
        number("price_fen"),
        time("valid_until"),
        time("decided_at", nullable=True),
        sa.Column("accepted", sa.Boolean),
        sa.UniqueConstraint("deal_id", name="uq_runner_up_offer_deal_id"),
        sa.CheckConstraint("price_fen >= 0", name="price"),
        sa.CheckConstraint("accepted IS NULL OR decided_at IS NOT NULL", name="decided"),
    )
    partial("ix_runner_up_offer_open", table, ["valid_until"], "decided_at IS NULL")


def _certificate() -> None:
    op.create_table(
        "trade_certificate_serial",
        sa.Column("node_code", sa.String, primary_key=True),
        sa.Column("year", sa.BigInteger, primary_key=True, autoincrement=False),
        number("last_serial"),
    )
    table = "trade_certificate"
    op.create_table(
        table,
        *identified(),
        key(table, "deal_id", "deal"),
        words("number"),
        sa.Column("content", JSONB, nullable=False),
        sa.Column("content_sha256", sa.LargeBinary, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        words("key_id"),
        words("public_key"),
        sa.Column("document", sa.LargeBinary, nullable=False),
        time("issued_at"),
        key(table, "issued_by", "person"),
        time("revoked_at", nullable=True),
        key(table, "revoked_by", "person", nullable=True),
        words("revocation_reason", nullable=True),
        sa.UniqueConstraint("number", name="uq_trade_certificate_number"),
        sa.CheckConstraint("octet_length(content_sha256) = 32", name="content_sha256"),
        sa.CheckConstraint("octet_length(signature) = 64", name="signature"),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revocation_reason IS NULL)"
            " AND (revoked_at IS NULL) = (revoked_by IS NULL)",
            name="revocation",
        ),
    )
    partial("uq_trade_certificate_in_force", table, ["deal_id"], "revoked_at IS NULL", unique=True)


def downgrade() -> None:
    """Deals of states that are new are refused by the constraints of the version before."""
    for name, (_, when) in FUNCTIONS.items():
        op.execute(f"DROP TRIGGER {name} ON {when.rpartition(' ')[2]}")
    for table in ("trade_certificate", "trade_certificate_serial", "runner_up_offer"):
        op.drop_table(table)
    for name in ("uq_deal_live_listing", "uq_deal_first_of_auction", "ix_deal_listing_id"):
        op.drop_index(name, table_name="deal")
    for name in ("state", "contracted", "negotiation", "publicity", "ended"):
        op.execute(f"ALTER TABLE deal DROP CONSTRAINT ck_deal_{name}")
    op.create_check_constraint("state", "deal", "state IN ('concluded','contracted','cancelled')")
    op.create_check_constraint(
        "contracted", "deal", "(state = 'contracted') = (contracted_at IS NOT NULL)"
    )
    for name in ("listing_id", "auction_id"):
        op.create_unique_constraint(f"uq_deal_{name}", "deal", [name])
    for name in (
        "negotiation_id",
        "succeeds_id",
        "seller_broker_id",
        "buyer_broker_id",
        "terms",
        "note",
        "publicity_from",
        "publicity_working_days",
        "publicity_ends_at",
        "publicity_provisional",
        "calendar_version",
        "rule_set",
        "payment_mode",
        "ended_at",
    ):
        op.drop_column("deal", name)
    for table in (
        "commission",
        "commission_agreement",
        "dual_agency_consent",
        "negotiation_document_reading",
        "negotiation_document",
        "negotiation_nda_signature",
        "negotiation_answer",
        "negotiation_offer",
        "negotiation",
    ):
        op.drop_table(table)
    for name in FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}()")
    op.drop_column("listing", "negotiation")
