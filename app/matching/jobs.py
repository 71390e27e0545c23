"""The matching module waits for nothing."""

from app.kit.deadlines import Deadline

DEADLINES: tuple[Deadline, ...] = ()
CALENDAR_JOBS: tuple[str, ...] = ()
