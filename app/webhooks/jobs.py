"""What runs later in the webhooks module: nothing; delivery has a loop of its own."""

from app.kit.deadlines import Deadline

DEADLINES: tuple[Deadline, ...] = ()
CALENDAR_JOBS: tuple[str, ...] = ()
