"""Pricing: what an achievement is worth, by several approaches, with its uncertainty."""
