"""Refusals of the information-publication standard."""

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as member
from typing import Any, Literal

from app.kit.errors import NotFound, Unprocessable
from app.kit.i18n import Language

FindingKind = Literal[
    "name",
    "brand",
    "phone",
    "messenger",
    "e_mail",
    "link",
    "credit_code",
    "identity_card",
    "patent_number",
    "image",
]


@dataclass(frozen=True)
class Fault:
    """What is wrong with one member of a profile, and the facts of what would be right.

    Attributes:
        field: the member's path in the profile, such as `indicators.0.target`.
        code: a stable word, mostly the keyword of the schema that says no.
        zh, en: templates over `expected`.
    """

    field: str
    code: str
    zh: str
    en: str
    expected: dict[str, Any] = member(default_factory=dict)

    def message(self, language: Language) -> str:
        """What would be right, in the reader's language."""
        return (self.zh if language == "zh" else self.en).format_map(self.expected)

    def shown(self, language: Language, prefix: str = "") -> dict[str, Any]:
        """The entry of a problem document."""
        return {
            "field": prefix + self.field,
            "code": self.code,
            "message": self.message(language),
            "expected": self.expected,
        }


@dataclass(frozen=True)
class Finding:
    """A fragment of a text that tells who stands behind an anonymous profile."""

    field: str
    kind: FindingKind
    fragment: str


_KINDS: dict[FindingKind, tuple[str, str]] = {
    "name": ("名称或姓名", "a name"),
    "brand": ("品牌或商标", "a brand"),
    "phone": ("电话号码", "a phone number"),
    "messenger": ("即时通讯号", "a messenger account"),
    "e_mail": ("电子邮箱", "an e-mail address"),
    "link": ("网址", "a link"),
    "credit_code": ("统一社会信用代码", "a credit code"),
    "identity_card": ("身份证号", "an identity card number"),
    "patent_number": ("专利或登记号", "a patent or registration number"),
    "image": ("图片或标识", "an image or logo"),
}


def as_fault(finding: Finding) -> Fault:
    """What is wrong with an anonymous profile that holds this fragment."""
    zh, en = _KINDS[finding.kind]
    return Fault(
        finding.field,
        "identifies",
        "匿名信息不得含{kind_zh}:“{fragment}”",
        "An anonymous profile must not hold {kind_en}: '{fragment}'",
        {
            "kind": finding.kind,
            "kind_zh": zh,
            "kind_en": en,
            "fragment": finding.fragment,
        },
    )


class _Faulty(Unprocessable):
    """Carries what is wrong, member by member; each is an entry of the problem document."""

    def __init__(self, faults: Sequence[Fault], *, prefix: str = "body.", **facts: Any) -> None:
        """`prefix` comes before the path of each member."""
        super().__init__(fault_count=len(faults), **facts)
        self.faults = tuple(faults)
        self.prefix = prefix

    def details(self, language: Language, request_id: str | None = None) -> dict[str, Any]:
        """The problem-details document with one entry per fault."""
        document = super().details(language, request_id)
        document["errors"] = [fault.shown(language, self.prefix) for fault in self.faults]
        return document


class ProfileInvalid(_Faulty):
    """The profile does not keep to the standard's schema."""

    code = "profile_invalid"
    zh = "内容不符合信息发布标准,共 {fault_count} 处,见 errors"
    en = "The profile does not keep to the standard in {fault_count} places, see errors"


class NotAnonymous(_Faulty):
    """An anonymous profile tells who is behind it (rules.md 9.5)."""

    code = "not_anonymous"
    zh = "匿名信息中有 {fault_count} 处可识别身份的内容,见 errors;请删除,或取消匿名"
    en = "The anonymous profile tells who is behind it in {fault_count} places, see errors"


class UnknownStandard(NotFound):
    """There is no such version of the standard."""

    code = "unknown_standard"
    zh = "没有版本 {version};可用:{versions}"
    en = "There is no version {version}; there are: {versions}"


class BadExpiry(Unprocessable):
    """A profile is published until a day within its longest validity."""

    code = "bad_expiry"
    zh = "有效期至 {given} 不可用,应在 {earliest} 与 {latest} 之间"
    en = "It cannot be published until {given}; possible are days from {earliest} to {latest}"
