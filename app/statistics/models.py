"""Tables of the statistics module."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base, Identified


class RegisteredContract(Identified, Base):
    """A registered contract as it is counted; amounts in fen, regions as 6-digit provinces."""

    __tablename__ = "registered_contract"
    __table_args__ = (
        UniqueConstraint("registration_id"),
        Index("ix_registered_contract_registered_on", "registered_on"),
        Index("ix_registered_contract_class", "contract_class", "registered_on"),
        Index("ix_registered_contract_field", "technical_field", "registered_on"),
        Index("ix_registered_contract_flow", "seller_region", "buyer_region", "registered_on"),
        Index("ix_registered_contract_buyer_region", "buyer_region", "registered_on"),
        Index("ix_registered_contract_seller_kind", "seller_kind", "registered_on"),
    )

    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registration.id"))
    number: Mapped[str]
    contract_class: Mapped[str]
    sub_class: Mapped[str | None]
    technical_field: Mapped[str]
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
