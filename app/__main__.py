"""`python -m app`: the `techmarket` command.

Nothing that is loaded on the way is garbage: to look for some would take a quarter of the time.
"""

import gc

gc.disable()

from app.cli import main  # noqa: E402

gc.freeze()
gc.enable()

if __name__ == "__main__":
    main()
