"""Tables of the listings module."""
