"""An exclusive right that was awarded stays claimed: it is not listed again."""

from alembic import op

revision = "0010"
down_revision = "0009"

INDEX = "uq_listing_exclusive_right"
LIVE = "'under_review','published','closed'"


def exclusive_right(states: str) -> None:
    op.drop_index(INDEX, table_name="listing")
    op.execute(
        f"CREATE UNIQUE INDEX {INDEX} ON listing (achievement_id)"
        f" WHERE exclusive AND state IN ({states})"
    )


def upgrade() -> None:
    # Listings that were awarded before gave their claims up; the earliest award holds the right.
    op.execute(
        "INSERT INTO listing_claim (listing_id, achievement_id, exclusive)"
        " SELECT DISTINCT ON (a.achievement_id) l.id, a.achievement_id, true"
        " FROM listing l CROSS JOIN LATERAL ("
        "  SELECT l.achievement_id UNION"
        "  SELECT m.member_id FROM package_member m WHERE m.package_id = l.achievement_id"
        " ) a (achievement_id)"
        " WHERE l.exclusive AND l.state = 'awarded'"
        " ORDER BY a.achievement_id, l.closed_at, l.id"
        " ON CONFLICT DO NOTHING"
    )
    exclusive_right(f"{LIVE},'awarded'")


def downgrade() -> None:
    exclusive_right(LIVE)
    op.execute(
        "DELETE FROM listing_claim c USING listing l"
        " WHERE l.id = c.listing_id AND l.state = 'awarded'"
    )
