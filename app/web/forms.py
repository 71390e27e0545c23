"""From forms to use cases: amounts, one attempt, and what is wrong in words."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction

from app.kit.calendar import SHANGHAI
from app.kit.errors import IllegalMove, NotFound, Problem, Unauthenticated, Unprocessable
from app.kit.i18n import Language
from app.kit.money import BadAmount, parse_yuan
from app.kit.problems import CHINESE
from app.web import texts


class BadAmountField(Unprocessable):
    """An amount in a form is not an amount in yuan."""

    code = "bad_amount"
    zh = "应为以元为单位的金额,最多两位小数,例如 1234.56"
    en = "The amount must be in yuan with at most two decimals, such as 1234.56"


class PageOutOfDate(IllegalMove):
    """A button of a page that somebody else's act, or the time, has overtaken."""

    zh = "当前状态为“{state}”,已不能执行此操作;本页显示的是最新状态"
    en = (
        "It is in the state '{state}' now, which does not allow that; this page shows how it stands"
    )


class BadNumberField(Unprocessable):
    """A number in a form is not a whole number."""

    code = "bad_number"
    zh = "应为整数"
    en = "A whole number is needed"


@dataclass(frozen=True)
class Complaint:
    """One thing that is wrong: the field's path (may be empty) and the message."""

    field: str
    message: str


def fen(field: str, text: str) -> int:
    """An amount in yuan as fen; raises BadAmountField."""
    try:
        return parse_yuan(text)
    except BadAmount:
        raise BadAmountField(field=field) from None


def whole(field: str, text: str) -> int:
    """A whole number; raises BadNumberField."""
    stripped = text.strip()
    if not (stripped.isascii() and stripped.isdigit() and len(stripped) <= 9):
        raise BadNumberField(field=field)
    return int(stripped)


def identity(text: str) -> UUID:
    """An id from a form's hidden field or choice; raises NotFound."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None


def complaints(error: Problem | ValidationError, language: Language) -> list[Complaint]:
    """What a refusal says, in words."""
    if isinstance(error, Problem):
        document = in_words(error, language).details(language)
        named = [Complaint(entry["field"], entry["message"]) for entry in document["errors"]]
        return named or [Complaint("", document["detail"])]
    return [
        Complaint(".".join(str(part) for part in item["loc"]), message(item, language))
        for item in error.errors()
    ]


def message(item: Any, language: Language) -> str:
    """What pydantic says of a value, in the reader's language."""
    if language != "zh":
        return str(item["msg"])
    template = CHINESE.get(item["type"], CHINESE["value_error"])
    return template.format_map(defaultdict(str, item.get("ctx") or {}))


def in_words(error: Problem, language: Language) -> Problem:
    """A refusal whose facts are as people read them: names of states, local times, lists.

    Programs get the codes; pages show words. A move that a state does not allow names the acts of
    the API, which are no buttons: the page says the state alone.
    """
    module = type(error).__module__.split(".")[1]
    facts = {name: _word(name, fact, module, language) for name, fact in error.facts.items()}
    if type(error) is IllegalMove:
        return PageOutOfDate(field=error.field, state=facts["state"])
    # Its own constructor may want facts by other names than it keeps them.
    worded = type(error).__new__(type(error))
    worded.__dict__ |= vars(error) | {"facts": facts}
    return worded


def _word(name: str, fact: Any, module: str, language: Language) -> Any:
    if isinstance(fact, list) and all(isinstance(one, str) for one in fact):
        return ("、" if language == "zh" else ", ").join(fact)
    if not isinstance(fact, str):
        return fact
    if name == "state" or name.endswith("_state"):
        return _state(fact, module.removesuffix("s"))[0 if language == "zh" else 1]
    try:
        moment = datetime.fromisoformat(fact)
    except ValueError:
        return fact
    if moment.tzinfo is None:
        return fact
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def _state(code: str, domain: str) -> texts.Pair:
    """The name of a state in the words of a module, else as another module has it."""
    named = [domain, *texts.STATES]
    found = (texts.STATES.get(one, {}).get(code) for one in named)
    return next((pair for pair in found if pair is not None), (code, code))


def label(complaint: Complaint, language: Language) -> str:
    """The label of the field that a complaint is about; empty when it is about none."""
    if not complaint.field:
        return ""
    return texts.field_name(complaint.field)[0 if language == "zh" else 1]


class Attempt:
    """One use case in a savepoint: a refusal undoes it and is kept for the page to show.

    Refusals to strangers pass through, so that they are asked to log in.
    """

    def __init__(self, session: AsyncSession, language: Language) -> None:
        self._session = session
        self._language = language
        self._savepoint: AsyncSessionTransaction | None = None
        self.complaints: list[Complaint] = []
        self.status = 200

    @property
    def failed(self) -> bool:
        """Whether the use case refused."""
        return bool(self.complaints)

    async def __aenter__(self) -> "Attempt":
        self._savepoint = await self._session.begin_nested()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        assert self._savepoint is not None
        if error is None:
            await self._savepoint.commit()
            return False
        await self._savepoint.rollback()
        if isinstance(error, Unauthenticated):
            return False
        if isinstance(error, Problem | ValidationError):
            self.complaints = complaints(error, self._language)
            self.status = error.status if isinstance(error, Problem) else 422
            return True
        return False
