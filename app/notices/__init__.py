"""Public notices (公示): a price made public, objections to it, and when it takes effect."""
