"""Code lists as data files."""
