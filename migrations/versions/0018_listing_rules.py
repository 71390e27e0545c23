"""Clearances and checks of listings; public notices, and no signature before their effect."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0018"
down_revision = "0015"

NOTICE_STANDS = """
CREATE FUNCTION notice_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.edition > 0 AND NEW.edition = OLD.edition AND
            (NEW.achievement_id, NEW.publisher_id, NEW.title, NEW.summary, NEW.transfer_mode,
             NEW.license_manner, NEW.price_fen, NEW.taker_id, NEW.taker_name, NEW.interest,
             NEW.interest_note, NEW.objection_procedure, NEW.days, NEW.published_at)
            IS DISTINCT FROM
            (OLD.achievement_id, OLD.publisher_id, OLD.title, OLD.summary, OLD.transfer_mode,
             OLD.license_manner, OLD.price_fen, OLD.taker_id, OLD.taker_name, OLD.interest,
             OLD.interest_note, OLD.objection_procedure, OLD.days, OLD.published_at) THEN
        RAISE EXCEPTION 'notice % is public; a change is a new edition', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state = 'effective' AND OLD.state <> 'effective' AND (
            OLD.ends_at IS NULL OR market_now() < OLD.ends_at OR EXISTS (
                SELECT FROM notice_objection o
                WHERE o.notice_id = NEW.id AND o.state = 'filed')) THEN
        RAISE EXCEPTION 'the period of notice % is not over', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$
"""

SIGNATURE_AFTER_NOTICE = """
CREATE FUNCTION signature_after_notice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM contract c
    JOIN deal d ON d.id = c.deal_id
    JOIN organisation seller ON seller.id = d.seller_id
    WHERE c.id = NEW.contract_id AND d.method = 'negotiation'
      AND seller.kind IN ('university', 'institute')
      AND NOT EXISTS (
          SELECT FROM notice n
          WHERE n.kind = 'price_notice' AND n.state = 'effective'
            AND n.effective_at <= NEW.signed_at
            AND n.achievement_id = d.achievement_id AND n.publisher_id = d.seller_id
            AND n.taker_id = d.buyer_id AND n.price_fen = d.price_fen
            AND n.transfer_mode = d.transfer_mode
            AND n.license_manner IS NOT DISTINCT FROM d.license_manner);
    IF FOUND THEN
        RAISE EXCEPTION 'the price of contract % has no notice in effect', NEW.contract_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$
"""

LISTING_CHECKS = {
    "security": "security IN ('clear','cleared','concerned')",
    "licence_until": "licence_until IS NULL OR transfer_mode = 'license'",
    "never_concerned": "published_at IS NULL OR security <> 'concerned'",
}
DISCLOSURE_CHECKS = {
    "suspended": "state <> 'suspended' OR (closes_at IS NULL AND days_left > 0)",
    "round": "round >= 1 AND previous_id <> id",
    "prolongations": "prolongations BETWEEN 0 AND prolongations_max"
    " AND (prolongations_max = 0) = (prolong_working_days = 0)",
    "appraisal": "appraisal_fen > 0",
}
APPLICATION_COLUMNS = (
    "reason_codes",
    "decided_by",
    "due_at",
    "overdue_at",
    "appeal",
    "appeal_decided_at",
    "terms_edition",
)
DISCLOSURE_COLUMNS = (
    "prolong_working_days",
    "prolongations_max",
    "prolongations",
    "appraisal_fen",
    "appraisal_on",
    "appraisal_document",
    "price_approval",
    "previous_id",
    "round",
    "first_disclosed_on",
    "terms_edition",
    "counts_from",
    "days_left",
)
CHANGED_CHECKS = {
    "state": (
        "state IN ('draft','under_review','published','closed','awarded','failed','withdrawn')",
        "state IN ('draft','under_review','published','suspended','closed','awarded','failed',"
        "'withdrawn')",
    ),
    "period": (
        "state NOT IN ('published','closed','awarded','failed') OR (published_at IS NOT NULL"
        " AND disclosure_from IS NOT NULL AND closes_at IS NOT NULL"
        " AND calendar_version IS NOT NULL)",
        "state NOT IN ('published','closed','awarded','failed') OR (published_at IS NOT NULL"
        " AND disclosure_from IS NOT NULL AND (closes_at IS NOT NULL OR state = 'failed')"
        " AND calendar_version IS NOT NULL)",
    ),
}
"""Checks before and after."""
MOMENT = sa.DateTime(timezone=True)


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


def required(name: str, kind, **options) -> sa.Column:
    return sa.Column(name, kind, nullable=False, **options)


CLEARANCE_STANDS = """
CREATE FUNCTION clearance_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.revoked_at IS NOT NULL
            OR to_jsonb(NEW) - 'revoked_at' - 'revocation'
            <> to_jsonb(OLD) - 'revoked_at' - 'revocation' THEN
        RAISE EXCEPTION 'clearance % stays on record; it can be revoked once', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$
"""


def upgrade() -> None:
    clearances()
    listings()
    notices()
    objections()
    op.execute(NOTICE_STANDS)
    op.execute(SIGNATURE_AFTER_NOTICE)
    op.execute(
        "CREATE TRIGGER notice_stands BEFORE UPDATE ON notice"
        " FOR EACH ROW EXECUTE FUNCTION notice_stands()"
    )
    op.execute(
        "CREATE TRIGGER signature_after_notice BEFORE INSERT ON contract_signature"
        " FOR EACH ROW EXECUTE FUNCTION signature_after_notice()"
    )


def clearances() -> None:
    table = "achievement_clearance"
    op.create_table(
        table,
        *identified(versioned=False),
        reference(table, "achievement_id", "achievement"),
        required("kind", sa.String),
        required("subject", sa.String),
        required("statement", sa.String),
        required("document", sa.String),
        required("dated_on", sa.Date),
        sa.Column("valid_until", sa.Date),
        reference(table, "recorded_by", "organisation"),
        sa.Column("revoked_at", MOMENT),
        sa.Column("revocation", sa.String),
        sa.CheckConstraint(
            "kind IN ('co_owner_consent','inventor_statement','pledge','pledgee_consent',"
            "'funding_approval','export_licence','unfiled_invention')",
            name="kind",
        ),
        sa.CheckConstraint("(revoked_at IS NULL) = (revocation IS NULL)", name="revocation"),
    )
    op.create_index(
        "uq_achievement_clearance_live",
        table,
        ["achievement_id", "kind", "subject"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_index("ix_achievement_clearance_achievement", table, ["achievement_id", "id"])
    op.execute(CLEARANCE_STANDS)
    op.execute(
        "CREATE TRIGGER clearance_stands BEFORE UPDATE OR DELETE ON achievement_clearance"
        " FOR EACH ROW EXECUTE FUNCTION clearance_stands()"
    )


def append_only(table: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE"
        f" ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def listings() -> None:
    op.add_column("listing", sa.Column("licence_until", sa.Date))
    op.add_column(
        "listing", required("open_to_foreign", sa.Boolean, server_default=sa.text("false"))
    )
    op.add_column("listing", required("security", sa.String, server_default="clear"))
    op.add_column("listing", required("security_document", sa.String, server_default=""))
    for name, condition in LISTING_CHECKS.items():
        op.create_check_constraint(name, "listing", condition)
    op.create_table(
        "listing_check",
        *identified(versioned=False),
        reference("listing_check", "listing_id", "listing"),
        required("code", sa.String),
        required("evidence", sa.String),
        reference("listing_check", "person_id", "person"),
        reference("listing_check", "organisation_id", "organisation"),
    )
    op.create_index("ix_listing_check_listing", "listing_check", ["listing_id", "id"])
    append_only("listing_check")
    disclosures()
    qualification()


def disclosures() -> None:
    for column in (
        required("prolong_working_days", sa.BigInteger, server_default="0"),
        required("prolongations_max", sa.BigInteger, server_default="0"),
        required("prolongations", sa.BigInteger, server_default="0"),
        sa.Column("appraisal_fen", sa.BigInteger),
        sa.Column("appraisal_on", sa.Date),
        required("appraisal_document", sa.String, server_default=""),
        sa.Column("price_approval", JSONB),
        reference("listing", "previous_id", "listing", nullable=True),
        required("round", sa.BigInteger, server_default="1"),
        sa.Column("first_disclosed_on", sa.Date),
        required("terms_edition", sa.BigInteger, server_default="1"),
        sa.Column("counts_from", sa.Date),
        sa.Column("days_left", sa.BigInteger),
    ):
        op.add_column("listing", column)
    op.execute(
        "UPDATE listing SET counts_from = disclosure_from, first_disclosed_on = disclosure_from,"
        " days_left = disclosure_working_days WHERE disclosure_from IS NOT NULL"
    )
    for name, condition in DISCLOSURE_CHECKS.items():
        op.create_check_constraint(name, "listing", condition)
    for name, (_, condition) in CHANGED_CHECKS.items():
        op.drop_constraint(f"ck_listing_{name}", "listing")
        op.create_check_constraint(name, "listing", condition)
    exclusive_right("'under_review','published','suspended','closed','awarded'")
    op.create_index(
        "uq_listing_next_round",
        "listing",
        ["previous_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'withdrawn'"),
    )
    op.add_column(
        "listing_application", required("terms_edition", sa.BigInteger, server_default="1")
    )
    op.create_table(
        "listing_change",
        *identified(versioned=False),
        reference("listing_change", "listing_id", "listing"),
        required("terms", JSONB),
        required("reason", sa.String),
        required("approval", sa.String),
        required("state", sa.String, server_default="proposed"),
        sa.Column("decision", sa.String),
        sa.Column("decided_at", MOMENT),
        sa.Column("published_at", MOMENT),
        sa.Column("edition", sa.BigInteger),
        sa.CheckConstraint("state IN ('proposed','published','refused')", name="state"),
        sa.CheckConstraint(
            "(state = 'published') = (published_at IS NOT NULL)", name="published_at"
        ),
    )
    op.create_index("ix_listing_change_listing", "listing_change", ["listing_id", "id"])
    op.create_index(
        "uq_listing_change_proposed",
        "listing_change",
        ["listing_id"],
        unique=True,
        postgresql_where=sa.text("state = 'proposed'"),
    )


def qualification() -> None:
    table = "listing_application"
    op.add_column("listing", required("requirements", JSONB, server_default="[]"))
    for column in (
        required("reason_codes", ARRAY(sa.Text), server_default="{}"),
        reference(table, "decided_by", "person", nullable=True),
        sa.Column("due_at", MOMENT),
        sa.Column("overdue_at", MOMENT),
        sa.Column("appeal", sa.String),
        sa.Column("appeal_decided_at", MOMENT),
    ):
        op.add_column(table, column)
    application_state(
        "state IN ('submitted','needs_correction','appealed','qualified','refused','withdrawn')"
    )
    op.create_check_constraint("appeal", table, "state <> 'appealed' OR appeal IS NOT NULL")
    op.create_index(
        "ix_listing_application_due",
        table,
        ["due_at"],
        postgresql_where=sa.text("state = 'submitted' AND overdue_at IS NULL"),
    )
    documents = "listing_application_document"
    op.create_table(
        documents,
        *identified(versioned=False),
        reference(documents, "application_id", table),
        required("requirement", sa.String),
        required("name", sa.String),
        required("media_type", sa.String),
        required("size_bytes", sa.BigInteger),
        required("sha256", sa.String),
        reference(documents, "uploaded_by", "person", nullable=True),
        sa.UniqueConstraint(
            "application_id", "sha256", name=f"uq_{documents}_application_id_sha256"
        ),
        sa.CheckConstraint("size_bytes > 0", name="size"),
    )
    append_only(documents)


def application_state(condition: str) -> None:
    op.drop_constraint("ck_listing_application_state", "listing_application")
    op.create_check_constraint("state", "listing_application", condition)


def exclusive_right(states: str) -> None:
    op.drop_index("uq_listing_exclusive_right", table_name="listing")
    op.execute(
        "CREATE UNIQUE INDEX uq_listing_exclusive_right ON listing (achievement_id)"
        f" WHERE exclusive AND state IN ({states})"
    )


def notices() -> None:
    op.create_table(
        "notice",
        *identified(),
        required("kind", sa.String),
        reference("notice", "achievement_id", "achievement"),
        reference("notice", "publisher_id", "organisation"),
        required("publisher_name", sa.String),
        reference("notice", "broker_id", "organisation", nullable=True),
        required("title", sa.String),
        required("summary", sa.String),
        required("transfer_mode", sa.String),
        sa.Column("license_manner", sa.String),
        required("price_fen", sa.BigInteger),
        reference("notice", "taker_id", "organisation", nullable=True),
        required("taker_name", sa.String),
        required("interest", sa.String),
        required("interest_note", sa.String),
        required("objection_procedure", sa.String),
        required("rule_set", sa.String),
        required("days", sa.BigInteger),
        required("days_left", sa.BigInteger),
        required("state", sa.String, server_default="draft"),
        required("edition", sa.BigInteger, server_default="0"),
        sa.Column("published_at", MOMENT),
        sa.Column("counts_from", sa.Date),
        sa.Column("ends_at", MOMENT),
        required("ends_provisional", sa.Boolean, server_default=sa.text("false")),
        sa.Column("calendar_version", sa.String),
        sa.Column("effective_at", MOMENT),
        sa.Column("closing_note", sa.String),
        sa.CheckConstraint("kind IN ('price_notice')", name="kind"),
        sa.CheckConstraint(
            "state IN ('draft','published','suspended','effective','void','withdrawn')",
            name="state",
        ),
        sa.CheckConstraint("interest IN ('none','inventor','interested_party')", name="interest"),
        sa.CheckConstraint("price_fen > 0", name="price"),
        sa.CheckConstraint("days >= 15 AND days_left BETWEEN 0 AND days", name="days"),
        sa.CheckConstraint("taker_id <> publisher_id", name="two_parties"),
        sa.CheckConstraint(
            "(transfer_mode = 'license') = (license_manner IS NOT NULL)", name="manner"
        ),
        sa.CheckConstraint("(edition = 0) = (published_at IS NULL)", name="edition"),
        sa.CheckConstraint(
            "(state IN ('published','effective')) = (ends_at IS NOT NULL)", name="period"
        ),
        sa.CheckConstraint(
            "ends_at >= published_at + days * interval '24 hours'", name="stands_long_enough"
        ),
        sa.CheckConstraint(
            "(state = 'effective') = (effective_at IS NOT NULL) AND effective_at >= ends_at",
            name="effect",
        ),
    )
    op.create_index(
        "ix_notice_ends_at", "notice", ["ends_at"], postgresql_where=sa.text("state = 'published'")
    )
    op.create_index("ix_notice_achievement", "notice", ["achievement_id", "id"])
    op.create_index("ix_notice_publisher", "notice", ["publisher_id", "id"])
    op.create_index(
        "ix_notice_public", "notice", ["id"], postgresql_where=sa.text("published_at IS NOT NULL")
    )
    op.create_table(
        "notice_edition",
        *identified(versioned=False),
        reference("notice_edition", "notice_id", "notice"),
        required("edition", sa.BigInteger),
        required("content", JSONB),
        required("days", sa.BigInteger),
        required("published_at", MOMENT),
        sa.UniqueConstraint("notice_id", "edition", name="uq_notice_edition_notice_id_edition"),
    )
    append_only("notice_edition")


def objections() -> None:
    op.create_table(
        "notice_objection",
        *identified(),
        reference("notice_objection", "notice_id", "notice"),
        required("edition", sa.BigInteger),
        reference("notice_objection", "person_id", "person"),
        reference("notice_objection", "organisation_id", "organisation"),
        required("grounds", sa.String),
        required("state", sa.String, server_default="filed"),
        required("due_at", MOMENT),
        sa.Column("overdue_at", MOMENT),
        sa.Column("reason", sa.String),
        sa.Column("decided_at", MOMENT),
        reference("notice_objection", "decided_by", "organisation", nullable=True),
        sa.CheckConstraint(
            "state IN ('filed','upheld','rejected','withdrawn','lapsed')", name="state"
        ),
        sa.CheckConstraint("(state = 'filed') = (decided_at IS NULL)", name="decided_at"),
        sa.CheckConstraint(
            "state NOT IN ('upheld','rejected') OR (reason <> '' AND decided_by IS NOT NULL)",
            name="reason",
        ),
    )
    op.create_index(
        "uq_notice_objection_open",
        "notice_objection",
        ["notice_id", "person_id"],
        unique=True,
        postgresql_where=sa.text("state = 'filed'"),
    )
    op.create_index("ix_notice_objection_notice", "notice_objection", ["notice_id", "id"])
    op.create_index(
        "ix_notice_objection_due",
        "notice_objection",
        ["due_at"],
        postgresql_where=sa.text("state = 'filed' AND overdue_at IS NULL"),
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER signature_after_notice ON contract_signature")
    for table in ("notice_objection", "notice_edition", "notice"):
        op.drop_table(table)
    op.drop_table("listing_application_document")
    op.drop_index("ix_listing_application_due", table_name="listing_application")
    op.drop_constraint("ck_listing_application_appeal", "listing_application")
    application_state("state IN ('submitted','qualified','refused','withdrawn')")
    for column in APPLICATION_COLUMNS:
        op.drop_column("listing_application", column)
    op.drop_column("listing", "requirements")
    op.drop_table("listing_change")
    exclusive_right("'under_review','published','closed','awarded'")
    op.drop_index("uq_listing_next_round", table_name="listing")
    for name, (condition, _) in CHANGED_CHECKS.items():
        op.drop_constraint(f"ck_listing_{name}", "listing")
        op.create_check_constraint(name, "listing", condition)
    for name in DISCLOSURE_CHECKS:
        op.drop_constraint(f"ck_listing_{name}", "listing")
    for column in DISCLOSURE_COLUMNS:
        op.drop_column("listing", column)
    op.drop_table("listing_check")
    for name in LISTING_CHECKS:
        op.drop_constraint(f"ck_listing_{name}", "listing")
    for column in ("licence_until", "open_to_foreign", "security", "security_document"):
        op.drop_column("listing", column)
    op.drop_table("achievement_clearance")
    for function in ("signature_after_notice", "notice_stands", "clearance_stands"):
        op.execute(f"DROP FUNCTION {function}()")
