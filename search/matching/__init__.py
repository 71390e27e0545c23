"""Supply and demand: which of many short descriptions answers a need, and why."""
