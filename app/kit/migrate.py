"""Brings a database to the newest migration."""

from pathlib import Path

from alembic import command
from alembic.config import Config

ROOT = Path(__file__).resolve().parents[2]


def alembic_config(database_url: str) -> Config:
    """Alembic's configuration for one database."""
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = database_url
    return config


def upgrade(database_url: str) -> None:
    """Run every migration that is missing."""
    command.upgrade(alembic_config(database_url), "head")


def check(database_url: str) -> None:
    """Raise when the models say something else than the migrations."""
    command.check(alembic_config(database_url))
