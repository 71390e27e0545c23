"""Anonymous achievements, and certificates that end with their deal.

Whose interest in an achievement was accepted before knows its owner already. What was public with
its owner's name does not become anonymous: a trigger sees to it. A deal that ended has no
certificate in force: another trigger sees to it, and those that are in force are revoked here.
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0031"

STAYS_NAMED = """
CREATE FUNCTION achievement_stays_named() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.anonymous AND NOT OLD.anonymous AND OLD.public_from IS NOT NULL THEN
        RAISE EXCEPTION 'the owner of achievement % was public', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$
"""

CERTIFICATE_ENDS = """
CREATE FUNCTION deal_ends_its_certificate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.ended_at IS NOT NULL AND EXISTS (
        SELECT FROM trade_certificate WHERE deal_id = NEW.id AND revoked_at IS NULL
    ) THEN
        RAISE EXCEPTION 'the certificate of deal % is in force', NEW.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$
"""


def upgrade() -> None:
    _certificates()
    _achievements()


def _certificates() -> None:
    op.execute("ALTER TABLE trade_certificate DROP CONSTRAINT ck_trade_certificate_revocation")
    op.create_check_constraint(
        "revocation",
        "trade_certificate",
        "(revoked_at IS NULL) = (revocation_reason IS NULL)"
        " AND (revoked_by IS NULL OR revoked_at IS NOT NULL)",
    )
    op.execute(
        "UPDATE trade_certificate c SET revoked_at = d.ended_at,"
        " revocation_reason = '交易已终止:' || coalesce(d.note, '') FROM deal d"
        " WHERE d.id = c.deal_id AND d.ended_at IS NOT NULL AND c.revoked_at IS NULL"
    )
    op.execute(CERTIFICATE_ENDS)
    op.execute(
        "CREATE TRIGGER deal_ends_its_certificate BEFORE UPDATE OF ended_at ON deal"
        " FOR EACH ROW EXECUTE FUNCTION deal_ends_its_certificate()"
    )


def _achievements() -> None:
    op.add_column(
        "achievement",
        sa.Column("anonymous", sa.Boolean, server_default=sa.text("false"), nullable=False),
    )
    op.create_check_constraint("named_package", "achievement", "kind <> 'package' OR NOT anonymous")
    op.execute(STAYS_NAMED)
    op.execute(
        "CREATE TRIGGER achievement_stays_named BEFORE UPDATE OF anonymous ON achievement"
        " FOR EACH ROW EXECUTE FUNCTION achievement_stays_named()"
    )
    op.create_table(
        "achievement_contact",
        sa.Column(
            "achievement_id",
            sa.Uuid,
            sa.ForeignKey("achievement.id", name="fk_achievement_contact_achievement_id"),
            primary_key=True,
        ),
        sa.Column(
            "organisation_id",
            sa.Uuid,
            sa.ForeignKey("organisation.id", name="fk_achievement_contact_organisation_id"),
            primary_key=True,
        ),
        sa.Column(
            "met_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("market_now()"),
            nullable=False,
        ),
    )
    op.execute(
        "INSERT INTO achievement_contact (achievement_id, organisation_id)"
        " SELECT DISTINCT achievement_id, party_id FROM interest"
        " WHERE achievement_id IS NOT NULL AND state = 'accepted'"
    )


def downgrade() -> None:
    """Fails on a certificate that was revoked with its deal: who did it was not asked before."""
    op.execute("DROP TRIGGER deal_ends_its_certificate ON deal")
    op.execute("DROP FUNCTION deal_ends_its_certificate()")
    op.execute("ALTER TABLE trade_certificate DROP CONSTRAINT ck_trade_certificate_revocation")
    op.create_check_constraint(
        "revocation",
        "trade_certificate",
        "(revoked_at IS NULL) = (revocation_reason IS NULL)"
        " AND (revoked_at IS NULL) = (revoked_by IS NULL)",
    )
    op.drop_table("achievement_contact")
    op.execute("DROP TRIGGER achievement_stays_named ON achievement")
    op.execute("DROP FUNCTION achievement_stays_named()")
    op.drop_constraint("named_package", "achievement", type_="check")
    op.drop_column("achievement", "anonymous")
