"""Imports every model, so that the metadata is whole."""

from app.achievements import models as achievements
from app.auctions import models as auctions
from app.contracts import models as contracts
from app.deals import models as deals
from app.kit import audit, calendar_store, idempotency
from app.kit.db import Base
from app.listings import models as listings
from app.notices import models as notices
from app.parties import models as parties
from app.registrations import models as registrations
from app.statistics import models as statistics

metadata = Base.metadata

__all__ = [
    "achievements",
    "auctions",
    "audit",
    "calendar_store",
    "contracts",
    "deals",
    "idempotency",
    "listings",
    "metadata",
    "notices",
    "parties",
    "registrations",
    "statistics",
]
