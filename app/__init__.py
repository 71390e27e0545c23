"""TechMarket: the unified, open technology trading network as one service."""

import warnings

# The embedded PostgreSQL's package looks for a runtime directory that we do not use.
warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
