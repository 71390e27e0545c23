"""What runs later or on a deadline in the contracts module."""

from app.kit.deadlines import Deadline

DEADLINES: tuple[Deadline, ...] = ()
CALENDAR_JOBS: tuple[str, ...] = ()
