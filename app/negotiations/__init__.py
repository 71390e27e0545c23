"""Negotiations: a price by agreement (协议定价)."""
