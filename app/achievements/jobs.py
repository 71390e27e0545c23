"""What runs later or on a deadline in the achievements module."""

from app.kit import mail
from app.kit.deadlines import Deadline

DEADLINES: tuple[Deadline, ...] = ()
CALENDAR_JOBS: tuple[str, ...] = ()

JOBS = (mail.SEND,)
"""Jobs that this module defers; naming them here makes every worker know them."""
