"""Two languages: Chinese, and English when the reader asks for it."""

from typing import Literal

Language = Literal["zh", "en"]


def preferred_language(accept_language: str | None) -> Language:
    """The better of zh and en by an Accept-Language header (RFC 9110, 12.5.4); Chinese if tied."""
    best: dict[str, float] = {"zh": 0.0, "en": 0.0}
    for part in (accept_language or "").split(","):
        tag, _, weight = part.strip().partition(";")
        primary = tag.strip().lower().split("-")[0]
        if primary in best:
            best[primary] = max(best[primary], _quality(weight))
    return "en" if best["en"] > best["zh"] else "zh"


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
