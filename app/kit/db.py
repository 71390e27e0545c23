"""The database: engine, base class of all tables, and the unit of work.

A request's writes commit when its endpoint has returned and before its response is sent, so a
failed commit is an error and never a success that was not.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Depends, Request
from psycopg import AsyncConnection
from sqlalchemy import BigInteger, DateTime, MetaData, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.kit.ids import new_id

Sessions = async_sessionmaker[AsyncSession]


class Base(DeclarativeBase):
    """Base of all tables: names of constraints are fixed, so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012
        datetime: DateTime(timezone=True),
        UUID: Uuid(),
        int: BigInteger(),
        dict[str, Any]: JSONB(),
        list[str]: JSONB(),
        list[dict[str, Any]]: JSONB(),
    }


class Identified:
    """A row with a time-ordered id, its market time of creation, and a version for ETags."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    created_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))


class Versioned(Identified):
    """A row that can be edited: `version` goes up with every change and is the ETag."""

    version: Mapped[int] = mapped_column(server_default=text("1"), nullable=False)
    __mapper_args__ = {"version_id_col": None, "eager_defaults": True}  # noqa: RUF012


def sqlalchemy_url(database_url: str) -> str:
    """The SQLAlchemy form of a libpq address."""
    _, _, rest = database_url.partition("://")
    return f"postgresql+psycopg://{rest}"


def make_engine(database_url: str, *, pool_size: int = 10) -> AsyncEngine:
    """An engine whose connections survive a database restart and never wait on a lock forever."""
    return create_async_engine(
        sqlalchemy_url(database_url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=30,
        pool_pre_ping=False,
        json_serializer=lambda value: orjson.dumps(value, default=str).decode(),
        json_deserializer=orjson.loads,
        connect_args={
            "options": "-c timezone=UTC -c lock_timeout=15s -c statement_timeout=600s"
            " -c idle_in_transaction_session_timeout=600s",
            "prepare_threshold": 3,
        },
    )


def make_sessions(engine: AsyncEngine) -> Sessions:
    """The factory of sessions; objects stay readable after their transaction."""
    return async_sessionmaker(engine, expire_on_commit=False, autoflush=True)


async def unit_of_work(request: Request) -> AsyncIterator[AsyncSession]:
    """One transaction for one request."""
    sessions: Sessions = request.app.state.sessions
    async with sessions() as session, session.begin():
        request.state.session = session
        yield session


Uow = Annotated[AsyncSession, Depends(unit_of_work, scope="function")]
"""The transaction of this request; committed after the endpoint, before the response."""


async def raw_connection(session: AsyncSession) -> AsyncConnection[Any]:
    """The driver's connection under a session, for COPY and for the job queue."""
    connection = await (await session.connection()).get_raw_connection()
    driver_connection = connection.driver_connection
    assert isinstance(driver_connection, AsyncConnection)
    return driver_connection
