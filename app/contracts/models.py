"""Tables of the contracts module."""
