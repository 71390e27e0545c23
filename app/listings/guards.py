"""What must be clear before a listing goes public: one pure function for each guard.

A guard looks at the facts of an offer and says what it found, why, and by which rule. `failed`
stops the listing; `needs_approval` stops its publication until an operator has checked it and put
the evidence on record.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib import resources
from uuid import UUID

from app.achievements.facts import OfferFacts, RightFacts
from app.achievements.states import ClearanceKind
from app.kit.patents import PatentState, PatentStatus
from app.listings.states import Outcome, SecurityDeclaration

EXCLUSIVE_TO_FOREIGNERS = frozenset({"exclusive", "sole"})
FOR_GOOD = frozenset({"assign", "equity_contribution"})
OUTSIDE_ANY_PLAN = "outside_plan"
_SHORTEST_LEAK = 20


@dataclass(frozen=True)
class Offer:
    """Everything that guards look at.

    `parts` are the achievement and, of a package, its members; `patents` what the register knows,
    by number; `other_listing` a live listing that leaves no room for this one; `checked` the codes
    that an operator has checked, with the evidence. A price below `floor_fen` needs an approval;
    after `redo_from` the appraisal has to be newer than that day.
    """

    day: date
    title: str
    text: str
    ipc: Sequence[str]
    transfer_mode: str
    license_manner: str | None
    licence_until: date | None
    open_to_foreign: bool
    security: SecurityDeclaration
    security_document: str
    parts: Sequence[OfferFacts]
    rights: Sequence[RightFacts]
    patents: dict[str, PatentStatus]
    other_listing: UUID | None = None
    checked: frozenset[str] = frozenset()
    price_fen: int = 0
    floor_fen: int | None = None
    price_approved: bool = False
    redo_from: date | None = None
    appraisal_on: date | None = None

    def cleared(self, part: OfferFacts, kind: ClearanceKind) -> dict[str, str]:
        """What is on record of that kind: statements by subject."""
        return {found.subject: found.statement for found in part.clearances if found.kind == kind}

    @property
    def own_patents(self) -> list[RightFacts]:
        """The patents among the rights."""
        return [r for r in self.rights if r.type.partition(".")[0] == "patent" and r.number]

    def ends(self, right: RightFacts) -> list[date]:
        """The last days of a patent by its owner's word and by the register."""
        status = self.patents.get(right.number or "")
        known = (right.expires_on, None if status is None else status.expires_on)
        return [end for end in known if end is not None]


@dataclass(frozen=True)
class Finding:
    """What a guard found: its reason code, the rule it rests on, and the reason in words."""

    code: str
    outcome: Outcome
    source: str
    zh: str
    en: str


Verdict = tuple[Outcome, str, str]
_PASSED = Outcome.PASSED
_FAILED = Outcome.FAILED
_CLEAR: Verdict = (_PASSED, "通过", "clear")
_NOT_CONCERNED: Verdict = (_PASSED, "不适用", "does not apply")


def co_owner_consent(offer: Offer) -> Verdict:
    """Every co-owner consents to all but an ordinary licence."""
    if offer.transfer_mode == "license" and offer.license_manner == "ordinary":
        return _NOT_CONCERNED
    missing = [
        name
        for part in offer.parts
        for name in part.co_owners
        if name not in offer.cleared(part, ClearanceKind.CO_OWNER_CONSENT)
    ]
    if missing:
        names = "、".join(missing)
        return _FAILED, f"缺少共有权利人同意:{names}", f"co-owners have not consented: {names}"
    return _CLEAR


def inventor_first_refusal(offer: Offer) -> Verdict:
    """When a unit assigns a service achievement, each inventor waives or reserves the priority."""
    if offer.transfer_mode != "assign":
        return _NOT_CONCERNED
    missing, reserved = [], []
    for part in offer.parts:
        said = offer.cleared(part, ClearanceKind.INVENTOR_STATEMENT)
        missing += [name for name in part.inventors if name not in said]
        reserved += [name for name in part.inventors if said.get(name) == "reserved"]
    if missing:
        names = "、".join(missing)
        zh = f"完成人未就优先受让权表态(放弃或保留):{names}"
        return _FAILED, zh, f"completing persons have neither waived nor reserved it: {names}"
    if reserved:
        names = "、".join(reserved)
        return _PASSED, f"完成人保留同等条件下的优先受让权:{names}", f"reserved by: {names}"
    return _CLEAR


def pledge_consent(offer: Offer) -> Verdict:
    """Pledged property is not assigned or licensed without the pledgee's consent."""
    consents: set[str] = set()
    missing: list[str] = []
    for part in offer.parts:
        given = offer.cleared(part, ClearanceKind.PLEDGEE_CONSENT)
        missing += [name for name in offer.cleared(part, ClearanceKind.PLEDGE) if name not in given]
        consents |= set(given)
    by_register = [status.pledgee for status in offer.patents.values() if status.pledgee]
    missing += [name for name in by_register if name not in consents]
    missing = list(dict.fromkeys(missing))
    if missing:
        names = "、".join(missing)
        return _FAILED, f"已质押,缺少质权人同意:{names}", f"pledged without consent of: {names}"
    return _CLEAR


def patent_in_force(offer: Offer) -> Verdict:
    """Every patent that is offered is in force, or an application that is pending."""
    dead, unknown = [], []
    for right in offer.own_patents:
        number = right.number or ""
        status = offer.patents.get(number)
        if any(end < offer.day for end in offer.ends(right)):
            dead.append(number)
        elif status is None:
            unknown.append(number)
        elif status.state not in {PatentState.IN_FORCE, PatentState.PENDING}:
            dead.append(number)
    if dead:
        numbers = "、".join(dead)
        return _FAILED, f"专利已失效:{numbers}", f"patents are not in force: {numbers}"
    if unknown:
        numbers = "、".join(unknown)
        zh = f"登记簿中查无此专利,须由交易场所核实:{numbers}"
        return Outcome.NEEDS_APPROVAL, zh, f"not in the register, to be checked: {numbers}"
    return _CLEAR


def licence_within_term(offer: Offer) -> Verdict:
    """A licence ends with the patent at the latest."""
    if offer.licence_until is None:
        return _NOT_CONCERNED
    ends = [end for right in offer.own_patents for end in offer.ends(right)]
    if ends and offer.licence_until > min(ends):
        zh = f"许可期限至 {offer.licence_until},超过专利有效期 {min(ends)}"
        return _FAILED, zh, f"the licence ends {offer.licence_until}, the patent {min(ends)}"
    return _CLEAR


def exclusive_right_free(offer: Offer) -> Verdict:
    """No live listing offers the same exclusive right."""
    if offer.other_listing is not None:
        zh = f"同一权利已在挂牌 {offer.other_listing} 中"
        return _FAILED, zh, f"listing {offer.other_listing} offers this right"
    return _CLEAR


def security_declared(offer: Offer) -> Verdict:
    """State secrets are not listed; what concerns national security has its authority's paper."""
    if offer.security == SecurityDeclaration.CONCERNED:
        return (
            _FAILED,
            "涉及国家秘密或国家安全,不得公开挂牌",
            "concerns secrets or national security",
        )
    if offer.security == SecurityDeclaration.CLEARED and not offer.security_document:
        return _FAILED, "须填写主管机关审查文件", "the authority's document is not named"
    return _CLEAR


def export_catalogue(offer: Offer) -> Verdict:
    """Prohibited technology is not offered abroad, restricted technology under a licence only."""
    if not offer.open_to_foreign:
        return _NOT_CONCERNED
    hits = list(_hits(offer))
    if not hits:
        return _CLEAR
    if barred := [entry for entry in hits if entry.kind == "prohibited" and _classed(offer, entry)]:
        zh = f"列入禁止出口技术目录:{'、'.join(entry.zh for entry in barred)}"
        return _FAILED, zh, "prohibited: " + "; ".join(entry.en for entry in barred)
    names = "、".join(entry.zh for entry in hits)
    english = "; ".join(entry.en for entry in hits)
    licensed = all(offer.cleared(part, ClearanceKind.EXPORT_LICENCE) for part in offer.parts[:1])
    if all(entry.kind == "restricted" for entry in hits) and licensed:
        return _PASSED, f"限制出口,已有许可:{names}", f"restricted, with a licence: {english}"
    zh = f"疑似列入禁止或限制出口技术目录:{names}"
    return Outcome.NEEDS_APPROVAL, zh, f"seems to be in the export catalogue: {english}"


def funding_approval(offer: Offer) -> Verdict:
    """What public money paid for goes abroad for good with the project authority's approval; a
    contribution to a company makes it the company's too."""
    for_good = offer.transfer_mode in FOR_GOOD or offer.license_manner in EXCLUSIVE_TO_FOREIGNERS
    if not offer.open_to_foreign or not for_good:
        return _NOT_CONCERNED
    public = [p for p in offer.parts if p.funding not in {None, OUTSIDE_ANY_PLAN}]
    if any(not offer.cleared(part, ClearanceKind.FUNDING_APPROVAL) for part in public):
        zh = "财政性资金项目成果向境外转让或独占许可,缺少项目管理机构批准"
        return _FAILED, zh, "the authority of the public programme has not approved it"
    return _CLEAR


def novelty_kept(offer: Offer) -> Verdict:
    """An invention that is not filed yet shows its summary and nothing of its details."""
    for part in offer.parts:
        if not offer.cleared(part, ClearanceKind.UNFILED_INVENTION):
            continue
        if part.public_documents:
            return (
                _FAILED,
                "尚未申请专利的发明不得附公开文件",
                "an unfiled invention has public files",
            )
        lines = [line.strip() for line in part.details.splitlines()]
        if any(len(line) >= _SHORTEST_LEAK and line in offer.text for line in lines):
            zh = "尚未申请专利的发明只能公开摘要,挂牌内容含详细资料"
            return _FAILED, zh, "the listing shows details of an invention that is not filed"
    return _CLEAR


def price_floor(offer: Offer) -> Verdict:
    """A price below the floor of the appraisal is approved by the approving body."""
    if offer.floor_fen is None or offer.price_fen >= offer.floor_fen or offer.price_approved:
        return _CLEAR
    zh = f"挂牌价 {offer.price_fen} 分低于 {offer.floor_fen} 分,须经批准"
    return _FAILED, zh, f"the price is below {offer.floor_fen} fen and not approved"


def appraisal_renewed(offer: Offer) -> Verdict:
    """A chain of listings that lasts longer than its profile allows starts with a new appraisal."""
    if offer.redo_from is None or offer.day <= offer.redo_from:
        return _NOT_CONCERNED
    if offer.appraisal_on is None or offer.appraisal_on <= offer.redo_from:
        zh = f"自首次披露起已超过期限({offer.redo_from}),须重新评估并披露"
        return _FAILED, zh, f"the term ended {offer.redo_from}; appraisal and disclosure start anew"
    return _CLEAR


GUARDS: tuple[tuple[str, str, Callable[[Offer], Verdict]], ...] = (
    ("co_owner_consent", "专利法 14; 民法典 860; rules.md V-6", co_owner_consent),
    ("inventor_first_refusal", "民法典 847; rules.md A-16", inventor_first_refusal),
    ("pledge_consent", "民法典 444; rules.md 9.6", pledge_consent),
    ("patent_in_force", "专利法 42-44; rules.md V-8", patent_in_force),
    ("licence_within_term", "民法典 865; rules.md V-8", licence_within_term),
    ("exclusive_right_free", "最高人民法院技术合同司法解释 25", exclusive_right_free),
    ("security_declared", "促进科技成果转化法 18; rules.md A-8", security_declared),
    ("export_catalogue", "技术进出口管理条例 28-32; rules.md V-9", export_catalogue),
    ("funding_approval", "科学技术进步法 34; rules.md A-15", funding_approval),
    ("price_floor", "企业国有资产法 55; rules.md C-2, C-9", price_floor),
    ("appraisal_renewed", "32号令 (2016); rules.md C-10", appraisal_renewed),
    ("novelty_kept", "专利法 22; rules.md 9.5", novelty_kept),
)
"""Every guard: its reason code, its source, and the function."""

CHECKABLE = frozenset({"patent_in_force", "export_catalogue"})
"""Guards whose `needs_approval` an operator can settle with evidence."""


def findings(offer: Offer) -> list[Finding]:
    """What every guard found."""
    found = []
    for code, source, guard in GUARDS:
        outcome, zh, en = guard(offer)
        if outcome == Outcome.NEEDS_APPROVAL and code in offer.checked:
            outcome, zh, en = _PASSED, f"{zh}(已核实)", f"{en} (checked by an operator)"
        found.append(Finding(code, outcome, source, zh, en))
    return found


@dataclass(frozen=True)
class CatalogueEntry:
    """A technology of the export catalogue, and how listings about it are recognised."""

    code: str
    kind: str
    zh: str
    en: str
    words: tuple[str, ...]
    ipc: tuple[str, ...]


@dataclass(frozen=True)
class Catalogue:
    """The catalogue of prohibited and restricted technologies, in force from a day on."""

    code: str
    origin: str
    effective_from: date
    verify: bool
    entries: tuple[CatalogueEntry, ...]


@lru_cache
def catalogue() -> Catalogue:
    """The shipped catalogue; it is recalled, and marked to be verified."""
    text = (resources.files("app.kit.data") / "export_catalogue.json").read_text(encoding="utf-8")
    raw = json.loads(text)
    return Catalogue(
        code=raw["code"],
        origin=raw["origin"],
        effective_from=date.fromisoformat(raw["effective_from"]),
        verify=raw["verify"],
        entries=tuple(
            CatalogueEntry(**{**entry, "words": tuple(entry["words"]), "ipc": tuple(entry["ipc"])})
            for entry in raw["entries"]
        ),
    )


def _hits(offer: Offer) -> Iterator[CatalogueEntry]:
    if offer.day < catalogue().effective_from:
        return
    text = offer.title + offer.text
    for entry in catalogue().entries:
        if _classed(offer, entry) or any(word in text for word in entry.words):
            yield entry


def _classed(offer: Offer, entry: CatalogueEntry) -> bool:
    """Whether the IPC puts the offer there; words alone leave it to an operator."""
    symbols = [symbol.replace(" ", "") for symbol in offer.ipc]
    return bool(entry.ipc) and any(symbol.startswith(entry.ipc) for symbol in symbols)
