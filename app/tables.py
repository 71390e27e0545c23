"""Imports every model, so that the metadata is whole."""

from app.achievements import models as achievements
from app.auctions import models as auctions
from app.contracts import models as contracts
from app.deals import models as deals
from app.demands import models as demands
from app.feed import models as feed
from app.finding import models as finding
from app.kit import audit, calendar_store, changes, idempotency
from app.kit.db import Base
from app.ledger import models as ledger
from app.listings import models as listings
from app.matching import models as matching
from app.negotiations import models as negotiations
from app.notices import models as notices
from app.parties import models as parties
from app.pricing import models as pricing
from app.registrations import models as registrations
from app.settlements import models as settlements
from app.statistics import models as statistics
from app.webhooks import models as webhooks

metadata = Base.metadata

__all__ = [
    "achievements",
    "auctions",
    "audit",
    "calendar_store",
    "changes",
    "contracts",
    "deals",
    "demands",
    "feed",
    "finding",
    "idempotency",
    "ledger",
    "listings",
    "matching",
    "metadata",
    "negotiations",
    "notices",
    "parties",
    "pricing",
    "registrations",
    "settlements",
    "statistics",
    "webhooks",
]
