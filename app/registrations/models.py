"""Tables of the registrations module."""
