"""Tables of the auctions module."""
