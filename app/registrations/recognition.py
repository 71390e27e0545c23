"""Recognition (认定) of class and sub-class: a checklist, prefilled from the contract, explained.

The recognition tests and exclusion lists of rules.md 3.2 are data in `recognition.json`, each with
its source and a verify mark. Words in the contract's content prefill the answers; a registrar
confirms or changes them. The content decides, not the name (最高法技术合同司法解释 42).
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.registrations.errors import (
    AnswersMissing,
    ClassNotSupported,
    EqualWeights,
    ReasonForClass,
    SubClassUnknown,
    UnknownItem,
)
from app.registrations.states import Answer, ItemKind, Verdict

CLEAR_LEAD = 3
"""By how many points another class must lead before the declared one is doubted [D]."""
_MIXED = 0.6
"""The share of the strongest class's points from which on another one is of weight [D]."""
_SHOWN = 24
_TITLE_LINE = re.compile(r"合同名称|合同标题|项目名称")
_APPLIES = {
    "software": "software_copyright",
    "计算机软件": "software_copyright",
    "软件著作权": "software_copyright",
    "布图设计": "ic_layout",
    "植物新品种": "plant_variety",
    "生物医药新品种": "bio_drug_variety",
}


@dataclass(frozen=True)
class Item:
    """A question of the checklist; `then` is the scheme to look at when an exclusion holds."""

    id: str
    kind: ItemKind
    zh: str
    en: str
    source: str
    verify: bool
    yes: tuple[str, ...]
    no: tuple[str, ...]
    then: str | None = None


@dataclass(frozen=True)
class Scheme:
    """What makes a contract one of a class: its tests, exclusions and the words that speak for it.

    Training and intermediation are schemes of their own within services, because they are
    registered as such (rules.md 3.1).
    """

    id: str
    contract_class: str
    sub_classes: tuple[str, ...]
    zh: str
    en: str
    name: tuple[str, ...]
    signals: tuple[str, ...]
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Prefilled:
    """An item's answer, and the words of the contract that gave it."""

    item: Item
    answer: Answer
    words: tuple[str, ...]


@dataclass(frozen=True)
class Candidate:
    """How much speaks for a scheme; `excluded_by` are the exclusions that the text shows."""

    scheme: Scheme
    points: int
    words: tuple[str, ...]
    answers: tuple[Prefilled, ...]
    excluded_by: tuple[str, ...]


@dataclass(frozen=True)
class Proposal:
    """What the contract is by its content, and why; candidates with the most points first.

    `verdict` compares it with what was declared. `name_scheme` is what the title says, and
    `name_differs` that the content says something else. `mixed` are schemes of comparable weight.
    """

    contract_class: str
    sub_class: str | None
    verdict: Verdict
    candidates: tuple[Candidate, ...]
    name_scheme: str | None
    name_differs: bool
    mixed: tuple[str, ...]
    reasons: tuple[tuple[str, str], ...]

    @property
    def verify(self) -> bool:
        """Whether an item of the proposed scheme is recalled or drawn from a draft."""
        return bool(self.candidates) and any(one.item.verify for one in self.candidates[0].answers)


@dataclass(frozen=True)
class Part:
    """A part of a mixed contract: its scheme and the technical amount that it carries, in fen."""

    scheme: str
    technical_fen: int


@cache
def schemes() -> Mapping[str, Scheme]:
    """All schemes by id, in the order of the classes."""
    path = Path(__file__).with_name("recognition.json")
    return {
        row["id"]: Scheme(
            id=row["id"],
            contract_class=row["contract_class"],
            sub_classes=tuple(row["sub_classes"]),
            zh=row["title"][0],
            en=row["title"][1],
            name=tuple(row["name"]),
            signals=tuple(row["signals"]),
            items=tuple(
                Item(
                    id=item["id"],
                    kind=ItemKind(item["kind"]),
                    zh=item["zh"],
                    en=item["en"],
                    source=item["source"],
                    verify=item["verify"],
                    yes=tuple(item["yes"]),
                    no=tuple(item["no"]),
                    then=item.get("then"),
                )
                for item in row["items"]
            ),
        )
        for row in json.loads(path.read_text(encoding="utf-8"))
    }


def scheme_of(contract_class: str, sub_class: str | None) -> Scheme:
    """The scheme that a class and sub-class are judged by; raises SubClassUnknown."""
    for scheme in schemes().values():
        if scheme.contract_class != contract_class:
            continue
        if sub_class in scheme.sub_classes or (sub_class is None and not scheme.sub_classes):
            return scheme
    allowed = [
        sub
        for scheme in schemes().values()
        if scheme.contract_class == contract_class
        for sub in scheme.sub_classes
    ]
    raise SubClassUnknown(
        field="body.sub_class", contract_class=contract_class, sub_class=sub_class, allowed=allowed
    )


def content_of(text: str) -> str:
    """The contract without its heading and title, so that a name does not pass for content."""
    lines = [line for line in text.splitlines() if not _TITLE_LINE.match(line.strip())]
    if lines and len(lines) > 1 and lines[0].strip().endswith("合同"):
        lines = lines[1:]
    return "\n".join(lines)


def propose(title: str, text: str, declared_class: str, declared_sub: str | None) -> Proposal:
    """Class and sub-class by the contract's content, against those that were declared.

    Points: two for each recognition test that the words answer with yes, one for each different
    signal of the class [D]. An exclusion that the text shows takes a class out of the running;
    its `then` says which class it may be instead.
    """
    content = content_of(text)
    found = sorted(
        (_candidate(scheme, content) for scheme in schemes().values()),
        key=lambda one: (bool(one.excluded_by), -one.points),
    )
    declared = scheme_of(declared_class, declared_sub)
    own = next(one for one in found if one.scheme is declared)
    best = _redirected(found)
    verdict = Verdict.AGREES
    if best.scheme is not declared and (own.excluded_by or best.points >= own.points + CLEAR_LEAD):
        verdict = Verdict.DIFFERS
    elif own.excluded_by or own.points == 0:
        verdict = Verdict.UNDECIDED
    if verdict is not Verdict.DIFFERS:
        best = own
    named = _named(title)
    mixed = tuple(
        one.scheme.id
        for one in found
        if not one.excluded_by
        and len(one.words) > 1
        and one.points >= max(4, _MIXED * max(found[0].points, 1))
    )
    sub_class = _sub_class(best.scheme, declared_sub, content)
    differs = named is not None and named != best.scheme.id and verdict is Verdict.DIFFERS
    ordered = (best, *(one for one in found if one is not best))
    return Proposal(
        contract_class=best.scheme.contract_class,
        sub_class=sub_class,
        verdict=verdict,
        candidates=ordered,
        name_scheme=named,
        name_differs=differs,
        mixed=mixed if len(mixed) > 1 else (),
        reasons=_reasons(best, own, verdict, differs),
    )


def _candidate(scheme: Scheme, content: str) -> Candidate:
    answers = tuple(prefill(item, content) for item in scheme.items)
    signals = tuple(hit for one in scheme.signals if (hit := _hit(one, content)) is not None)
    tests = sum(one.item.kind is ItemKind.TEST and one.answer is Answer.YES for one in answers)
    return Candidate(
        scheme=scheme,
        points=(2 * tests + len(signals)) if signals else 0,
        words=signals,
        answers=answers,
        excluded_by=tuple(
            one.item.id
            for one in answers
            if one.item.kind is ItemKind.EXCLUSION and one.answer is Answer.YES
        ),
    )


def prefill(item: Item, content: str) -> Prefilled:
    """The answer that the words give: `no` words outweigh `yes` words; without any, unclear."""
    against = tuple(hit for one in item.no if (hit := _hit(one, content)) is not None)
    if against:
        return Prefilled(item, Answer.NO, against)
    words = tuple(hit for one in item.yes if (hit := _hit(one, content)) is not None)
    return Prefilled(item, Answer.YES if words else Answer.UNCLEAR, words)


def _hit(pattern: str, content: str) -> str | None:
    found = re.search(pattern, content)
    return None if found is None else found.group()[:_SHOWN]


def _redirected(found: Sequence[Candidate]) -> Candidate:
    """The strongest candidate, or where its exclusion leads when it was by far the strongest."""
    by_id = {one.scheme.id: one for one in found}
    strongest = max(found, key=lambda one: one.points)
    for item_id in strongest.excluded_by:
        item = next(one.item for one in strongest.answers if one.item.id == item_id)
        if item.then is not None and not by_id[item.then].excluded_by:
            return by_id[item.then]
    return found[0]


def _named(title: str) -> str | None:
    """The scheme that a title names; the last word decides, as in 转让技术的咨询合同."""
    best: tuple[int, str] | None = None
    for scheme in schemes().values():
        for word in scheme.name:
            at = title.rfind(word)
            if at >= 0 and (best is None or at > best[0]):
                best = (at, scheme.id)
    return None if best is None else best[1]


def _sub_class(scheme: Scheme, declared: str | None, content: str) -> str | None:
    """The declared sub-class when it fits; otherwise by the words."""
    if not scheme.sub_classes:
        return None
    if declared in scheme.sub_classes:
        return declared
    if scheme.id == "development":
        return sub_class_of_development(content)
    if scheme.id in {"transfer", "license"}:
        return _sub_class_of_right(scheme, content)
    return scheme.sub_classes[0]


def sub_class_of_development(content: str) -> str:
    """Joint when both research; one side that only pays or helps has commissioned it (解释 19)."""
    one_sided = re.search(r"(?:仅|只)(?:负责)?(?:提供|进行)[^。;]{0,8}(?:资金|设备|辅助)", content)
    joint = re.search(r"合作(?:研究)?开发|共同(?:研究|开发|参与)|分工(?:参与|进行)", content)
    if joint and not one_sided:
        return "development.joint"
    return "development.commissioned"


def _sub_class_of_right(scheme: Scheme, content: str) -> str:
    right = next((right for word, right in _APPLIES.items() if word in content), None)
    if right is not None:
        return f"{scheme.id}.{right}"
    if scheme.id == "license":
        return f"license.{'patent_license' if '专利' in content else 'know_how_license'}"
    if "专利申请权" in content:
        return "transfer.patent_application_right"
    return f"transfer.{'patent_right' if '专利' in content else 'know_how'}"


def _reasons(
    best: Candidate, own: Candidate, verdict: Verdict, name_differs: bool
) -> tuple[tuple[str, str], ...]:
    """Sentences (zh, en) that say why."""
    said: list[tuple[str, str]] = []
    if best.words:
        words = "、".join(best.words)
        said.append(
            (
                f"合同内容中的“{words}”指向{best.scheme.zh}({best.points} 分)",
                f"'{words}' in the content speak for: {best.scheme.en} ({best.points} points)",
            )
        )
    excluded = [one for one in own.answers if one.item.id in own.excluded_by]
    for one in excluded:
        said.append(
            (
                f"“{'、'.join(one.words)}”表明:{one.item.zh}({one.item.source})",
                f"'{', '.join(one.words)}' says: {one.item.en} ({one.item.source})",
            )
        )
    if verdict is Verdict.DIFFERS:
        said.append(
            (
                f"申报为{own.scheme.zh}({own.points} 分),以内容为准",
                f"Declared: {own.scheme.en} ({own.points} points); the content decides",
            )
        )
    if verdict is Verdict.UNDECIDED:
        said.append(
            (
                "合同内容不足以判断类别,请登记员逐项认定",
                "The content does not decide; answer the list",
            )
        )
    if name_differs:
        said.append(
            (
                "合同名称与内容不一致,以内容为准;可要求补正名称",
                "Name and content differ; the content decides, a correction may be asked for",
            )
        )
    return tuple(said)


def check_answers(scheme: Scheme, answers: Mapping[str, Answer]) -> None:
    """Raise unless the registrar's answers support the scheme.

    Every test and exclusion is answered with yes or no (AnswersMissing), all tests with yes and
    all exclusions with no (ClassNotSupported). Local additions and lists of examples decide
    nothing alone. Raises UnknownItem for an answer to a question of another scheme.
    """
    known = {item.id: item for item in scheme.items}
    unknown = sorted(answers.keys() - known.keys())
    if unknown:
        raise UnknownItem(field="body.answers", items=unknown, scheme=scheme.id)
    deciding = [item for item in scheme.items if item.kind in {ItemKind.TEST, ItemKind.EXCLUSION}]
    missing = [
        item.id for item in deciding if answers.get(item.id, Answer.UNCLEAR) is Answer.UNCLEAR
    ]
    if missing:
        raise AnswersMissing(field="body.answers", items=missing, scheme=scheme.id)
    wanted = {ItemKind.TEST: Answer.YES, ItemKind.EXCLUSION: Answer.NO}
    failed = [item.id for item in deciding if answers[item.id] is not wanted[item.kind]]
    if failed:
        raise ClassNotSupported(field="body.answers", items=failed, scheme=scheme.id)


def check_choice(proposal: Proposal, scheme: Scheme, reason: str) -> None:
    """Raise ReasonForClass when a registrar decides against the proposal and does not say why."""
    proposed = scheme_of(proposal.contract_class, proposal.sub_class)
    if proposal.verdict is Verdict.DIFFERS and proposed is not scheme and not reason:
        raise ReasonForClass(field="body.reason", proposed=proposed.id, chosen=scheme.id)


def by_weight(parts: Iterable[Part]) -> Scheme:
    """The scheme of a mixed contract that stays one: that of the most technical content.

    Parts of one scheme count together. Raises EqualWeights when two weigh the same.
    """
    weights: dict[str, int] = {}
    for part in parts:
        weights[part.scheme] = weights.get(part.scheme, 0) + part.technical_fen
    top = max(weights.values())
    heaviest = [name for name, weight in weights.items() if weight == top]
    if len(heaviest) > 1:
        raise EqualWeights(field="body.parts", schemes=heaviest, technical_fen=top)
    return schemes()[heaviest[0]]
