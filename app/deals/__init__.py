"""Deals: who gets it and at what price (成交)."""
