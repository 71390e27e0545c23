"""Files with private keys: written whole, for their owner alone, and never over another one."""

import os
from pathlib import Path

from app.kit.ids import new_id


def put_new(path: Path, content: bytes) -> None:
    """Put a new file there, mode 0600, on disk when this returns; its directory is made if missing.

    Of several processes that try at once the first one's file stays. Raises FileExistsError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{new_id().hex}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
