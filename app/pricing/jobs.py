"""What runs later in the pricing module."""

from app.kit.deadlines import Deadline

DEADLINES: tuple[Deadline, ...] = ()
CALENDAR_JOBS: tuple[str, ...] = ()
