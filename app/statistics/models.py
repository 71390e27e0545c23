"""Tables of the statistics module."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Numeric,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base, Identified


class Entry(Identified, Base):
    """A line of the journal: a registration is counted (sign 1) or taken away again (-1).

    Append-only. What revision n added, one line with the same revision takes away, with the same
    values. `booked_month` is the month in which the line is published: that of the registration,
    or, when that was published already, the first that is open. Amounts in fen, regions as 6-digit
    provinces, kinds as in `party_statistics_groups`.
    """

    __tablename__ = "statistics_entry"
    __table_args__ = (
        UniqueConstraint("registration_id", "revision", "sign"),
        CheckConstraint("sign IN (1, -1)", name="sign"),
        CheckConstraint("EXTRACT(day FROM booked_month) = 1", name="booked_month"),
        Index("ix_statistics_entry_registered_on", "registered_on"),
        Index("ix_statistics_entry_booked_month", "booked_month"),
    )

    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registration.id"))
    revision: Mapped[int]
    sign: Mapped[int] = mapped_column(SmallInteger)
    booked_month: Mapped[date]
    number: Mapped[str]
    contract_class: Mapped[str]
    sub_class: Mapped[str]
    technical_field: Mapped[str]
    ip_type: Mapped[str]
    plan_category: Mapped[str]
    objective: Mapped[str]
    total_fen: Mapped[int]
    technical_fen: Mapped[int]
    seller_id: Mapped[UUID]
    seller_kind: Mapped[str]
    seller_region: Mapped[str]
    buyer_id: Mapped[UUID]
    buyer_kind: Mapped[str]
    buyer_region: Mapped[str]
    office_id: Mapped[UUID]
    registered_at: Mapped[datetime]
    registered_on: Mapped[date]
    signed_at: Mapped[datetime]


class Pending(Base):
    """A line that is not in the aggregates yet."""

    __tablename__ = "statistics_pending"

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("statistics_entry.id"), primary_key=True)


class MonthCell(Base):
    """An aggregate: what was registered in a month, by one dimension; amounts in fen."""

    __tablename__ = "statistics_cell"
    __table_args__ = (Index("ix_statistics_cell_dimension_month", "dimension", "month"),)

    month: Mapped[date] = mapped_column(primary_key=True)
    dimension: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    contracts: Mapped[int]
    total_fen: Mapped[Decimal] = mapped_column(Numeric(40, 0))
    technical_fen: Mapped[Decimal] = mapped_column(Numeric(40, 0))


class Period(Identified, Base):
    """A month, quarter or year that is closed once and then published."""

    __tablename__ = "statistics_period"
    __table_args__ = (
        UniqueConstraint("kind", "first"),
        CheckConstraint("kind IN ('month','quarter','year')", name="kind"),
        CheckConstraint("first < last", name="span"),
        CheckConstraint("published_at IS NULL OR closed_at IS NOT NULL", name="published"),
        Index(
            "ix_statistics_period_waiting",
            "closes_at",
            postgresql_where=text("published_at IS NULL"),
        ),
    )

    kind: Mapped[str]
    first: Mapped[date]
    last: Mapped[date]
    closes_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]


class Published(Base):
    """A cell as it was published, for ever: with figures, or withheld and why. Append-only."""

    __tablename__ = "statistics_published"
    __table_args__ = (
        CheckConstraint("withheld IN ('small','complement')", name="withheld"),
        CheckConstraint(
            "num_nonnulls(contracts, total_fen, technical_fen)"
            " = CASE WHEN withheld IS NULL THEN 3 ELSE 0 END",
            name="figures",
        ),
    )

    period_id: Mapped[UUID] = mapped_column(ForeignKey("statistics_period.id"), primary_key=True)
    dimension: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    contracts: Mapped[int | None]
    total_fen: Mapped[Decimal | None] = mapped_column(Numeric(40, 0))
    technical_fen: Mapped[Decimal | None] = mapped_column(Numeric(40, 0))
    withheld: Mapped[str | None]
