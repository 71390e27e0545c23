"""Webhooks that can be edited."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0018"


def upgrade() -> None:
    op.add_column(
        "webhook", sa.Column("version", sa.BigInteger, server_default="1", nullable=False)
    )
    op.add_column("webhook", sa.Column("description", sa.String))


def downgrade() -> None:
    op.drop_column("webhook", "description")
    op.drop_column("webhook", "version")
