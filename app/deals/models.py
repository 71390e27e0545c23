"""Tables of the deals module."""
