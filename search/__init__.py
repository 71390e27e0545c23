"""Search: documents in, ids and facets out. It knows documents and engines, not the market's tables."""
