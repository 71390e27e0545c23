"""Finding: what is public of achievements, listings and demands, found by one search."""
