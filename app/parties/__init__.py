"""Parties: organisations, people with roles in them, keys of machines, mandates of brokers."""
