"""The sample market: a history of real trades between fictitious parties, made by the services."""

from app.sample.load import DEMO_LOGINS, load

__all__ = ["DEMO_LOGINS", "load"]
