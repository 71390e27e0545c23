"""Tables of the achievements module."""
