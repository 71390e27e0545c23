"""What a broker says of a match."""

from enum import StrEnum


class Verdict(StrEnum):
    """Whether an achievement answers a demand."""

    ACCEPT = "accept"
    REJECT = "reject"


LEVELS = {Verdict.REJECT: 1, Verdict.ACCEPT: 3}
"""Levels of the judged sets: 1 unrelated, 3 related. A broker does not say how strongly."""
EXPORT_FORMS = ("judgments", "demands", "achievements")
