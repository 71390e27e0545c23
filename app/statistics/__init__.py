"""Statistics: read-only aggregates of what was registered."""
