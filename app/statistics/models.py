"""Tables of the statistics module."""
