"""Webhooks: the feed, brought to the addresses that organisations name."""
