"""Search: documents in, ids and facets out. It knows documents, not the market's tables."""
