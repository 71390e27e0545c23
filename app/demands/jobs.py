"""What runs later or on a deadline in the demands module."""

from app.demands import queries, service
from app.kit import mail
from app.kit.deadlines import Deadline

DEADLINES: tuple[Deadline, ...] = (
    Deadline("demand.remind", queries.to_remind, service.remind),
    Deadline("demand.expire", queries.expired, service.expire),
)
CALENDAR_JOBS: tuple[str, ...] = ()

JOBS = (mail.SEND,)
"""Jobs that this module defers; naming them here makes every worker know them."""
