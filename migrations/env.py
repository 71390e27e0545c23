"""Alembic's environment: migrations run on one connection, and wait only briefly for locks."""

from alembic import context
from sqlalchemy import create_engine, pool, text

from app import tables
from app.kit.db import sqlalchemy_url


def ours(_object, name, type_, _reflected, _compare_to) -> bool:
    """Everything but the job queue, which its library owns, and the clock, which is read in SQL."""
    return type_ != "table" or not (name == "market_clock" or name.startswith("procrastinate_"))


url = context.config.attributes.get("url") or context.get_x_argument(as_dictionary=True)["url"]
engine = create_engine(sqlalchemy_url(url), poolclass=pool.NullPool)
with engine.connect() as connection:
    connection.execute(text("SET lock_timeout = '5s'"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=tables.metadata,
        include_object=ours,
        compare_type=True,
        compare_server_default=False,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
