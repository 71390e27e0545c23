"""The change feed: what happened to public objects, in the order it was committed."""
