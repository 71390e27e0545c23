"""Facts the product ships: calendar and code lists. README.md names origin and licence."""
