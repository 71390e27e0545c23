"""Imports every model, so that the metadata is whole."""

from app.kit import audit, calendar_store, idempotency
from app.kit.db import Base
from app.parties import models as parties

metadata = Base.metadata

__all__ = ["audit", "calendar_store", "idempotency", "metadata", "parties"]
