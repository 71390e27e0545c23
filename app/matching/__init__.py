"""Matching supply and demand: candidates from the search, an order, reasons, and judgments."""
