"""Tables of the deals module."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base, Versioned


class Deal(Versioned, Base):
    """A concluded sale: who gets it and at what price."""

    __tablename__ = "deal"
    __table_args__ = (
        UniqueConstraint("listing_id"),
        UniqueConstraint("auction_id"),
        CheckConstraint("state IN ('concluded','contracted','cancelled')", name="state"),
        CheckConstraint("method IN ('auction','negotiation')", name="method"),
        CheckConstraint("(method = 'auction') = (auction_id IS NOT NULL)", name="auction"),
        CheckConstraint("price_fen >= 0", name="price"),
        CheckConstraint("seller_id <> buyer_id", name="two_parties"),
        CheckConstraint("(state = 'contracted') = (contracted_at IS NOT NULL)", name="contracted"),
        Index("ix_deal_seller_id", "seller_id", "id"),
        Index("ix_deal_buyer_id", "buyer_id", "id"),
        Index("ix_deal_state_id", "state", "id"),
    )

    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id"))
    auction_id: Mapped[UUID | None] = mapped_column(ForeignKey("auction.id"))
    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"))
    seller_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    price_fen: Mapped[int]
    transfer_mode: Mapped[str]
    license_manner: Mapped[str | None]
    title: Mapped[str]
    method: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'concluded'"))
    concluded_at: Mapped[datetime]
    contracted_at: Mapped[datetime | None]
