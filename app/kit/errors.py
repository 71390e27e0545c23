"""Refusals with a stable code, as RFC 9457 problem details in the reader's language.

A module declares its refusals as subclasses; `zh` and `en` are templates over the facts that the
refusal carries, and the same facts go to the caller as extension members.
"""

from collections import defaultdict
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from app.kit.i18n import Language

PROBLEM_TYPE = "urn:techmarket:problem:"
PROBLEM_MEDIA_TYPE = "application/problem+json"


class FieldProblem(BaseModel):
    """One field that is wrong: where it is, what is wrong, and what would be right."""

    field: str = Field(examples=["body.owners.0.share_bp"])
    code: str = Field(examples=["greater_than"])
    message: str
    expected: dict[str, Any] = Field(default_factory=dict)


class ProblemDetails(BaseModel):
    """RFC 9457 problem details; `code` is stable, facts of the refusal are further members."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=[PROBLEM_TYPE + "not_found"])
    title: str
    status: int
    code: str
    detail: str
    request_id: str | None = None
    errors: list[FieldProblem] = Field(default_factory=list)


BASE_MEMBERS = frozenset(ProblemDetails.model_fields)
"""What every problem document has; facts of a refusal stand beside them, never in their place."""


class Problem(Exception):
    """A refusal; subclasses give `status`, `code` and the texts."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    zh: ClassVar[str] = "系统内部错误,操作未生效"
    en: ClassVar[str] = "Internal error; nothing was written"

    def __init__(self, *, field: str | None = None, **facts: Any) -> None:
        """`field` names the offending input; `facts` fill the texts and go to the caller.

        Raises TypeError for a fact that is named like a member of every problem document.
        """
        if taken := BASE_MEMBERS & facts.keys():
            raise TypeError(f"{type(self).__name__}: facts must not be named {sorted(taken)}")
        super().__init__(self.code, facts)
        self.field = field
        self.facts = facts

    def detail(self, language: Language) -> str:
        """What is wrong and what would be right, in one sentence."""
        template = self.zh if language == "zh" else self.en
        return template.format_map(defaultdict(str, self.facts))

    def details(self, language: Language, request_id: str | None = None) -> dict[str, Any]:
        """The problem-details document."""
        text = self.detail(language)
        document: dict[str, Any] = {
            "type": PROBLEM_TYPE + self.code,
            "title": text,
            "status": self.status,
            "code": self.code,
            "detail": text,
            "request_id": request_id,
            "errors": [],
            **self.facts,
        }
        if self.field is not None:
            document["errors"] = [
                {"field": self.field, "code": self.code, "message": text, "expected": self.facts}
            ]
        return document


class BadRequest(Problem):
    """400: the request cannot be read."""

    status = 400
    code = "bad_request"
    zh = "请求无法解析:{reason}"
    en = "The request cannot be read: {reason}"


class Unauthenticated(Problem):
    """401: who is asking is not known."""

    status = 401
    code = "unauthenticated"
    zh = "请先登录,或提供有效的访问令牌"
    en = "Log in first, or send a valid access token"


class Forbidden(Problem):
    """403: known, and not allowed."""

    status = 403
    code = "forbidden"
    zh = "当前身份无权进行此操作"
    en = "This identity may not do that"


class NotFound(Problem):
    """404: absent, or not to be seen by the asker; the two look the same on purpose."""

    status = 404
    code = "not_found"
    zh = "对象不存在或不可见"
    en = "There is no such object, or it may not be seen"


class Conflict(Problem):
    """409: the present state does not allow it."""

    status = 409
    code = "conflict"
    zh = "当前状态不允许此操作"
    en = "The present state does not allow that"


class PreconditionFailed(Problem):
    """412: somebody changed the object in between."""

    status = 412
    code = "version_mismatch"
    zh = "对象已被修改,当前版本为 {current_version},请重新读取后再提交"
    en = "The object has changed and is at version {current_version}; read it again first"


class PreconditionRequired(Problem):
    """428: an edit must say which version it edits."""

    status = 428
    code = "if_match_required"
    zh = "修改需要 If-Match 请求头,其值为读取时的 ETag"
    en = "An edit needs an If-Match header with the ETag that was read"


class Unprocessable(Problem):
    """422: readable, and against a rule."""

    status = 422
    code = "invalid_request"
    zh = "提交的内容不符合要求"
    en = "The content does not meet the requirements"


class IllegalMove(Conflict):
    """A state machine has no such move; says what it allows now."""

    code = "illegal_move"
    zh = "状态为“{state}”时不能执行“{act}”,现在可以:{allowed}"
    en = "In state '{state}' the act '{act}' is not possible; possible now: {allowed}"


def problems(*kinds: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """OpenAPI `responses` that declare the given refusals, grouped by status."""
    grouped: dict[int | str, dict[str, Any]] = {}
    every: list[type[Problem]] = [*kinds, Unprocessable]
    for kind in every:
        entry = grouped.setdefault(
            kind.status,
            {"description": "", "content": {PROBLEM_MEDIA_TYPE: {"schema": _REFERENCE}}},
        )
        entry["description"] = "; ".join(
            part for part in (entry["description"], f"`{kind.code}`: {kind.en}") if part
        )
    return grouped


_REFERENCE = {"$ref": "#/components/schemas/ProblemDetails"}
