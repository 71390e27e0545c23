"""Achievements whose owner is told to those whose interest was accepted alone.

Whose interest was accepted before knows the owner already. What was public with its owner's name
does not become anonymous: a trigger sees to it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0032"

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


def upgrade() -> None:
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
    op.drop_table("achievement_contact")
    op.execute("DROP TRIGGER achievement_stays_named ON achievement")
    op.execute("DROP FUNCTION achievement_stays_named()")
    op.drop_constraint("named_package", "achievement", type_="check")
    op.drop_column("achievement", "anonymous")
