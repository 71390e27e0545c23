"""Decisions about parties, without I/O."""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from app.parties.errors import BadMandatePeriod, BadRelation, RoleNotForKind, UnknownScope
from app.parties.states import (
    ABOUT_A_SALE,
    ROLES_OF_KIND,
    SCOPES,
    Closeness,
    Insider,
    OrganisationKind,
    RelationKind,
    Role,
)

FREE_ATTEMPTS = 5
LONGEST_PAUSE = timedelta(hours=1)
LONGEST_MANDATE = timedelta(days=3 * 366)


def check_roles(kind: OrganisationKind, roles: Iterable[Role]) -> list[str]:
    """The roles, sorted; raises RoleNotForKind for one that such an organisation does not have."""
    allowed = ROLES_OF_KIND[kind]
    for role in roles:
        if role not in allowed:
            raise RoleNotForKind(
                field="body.roles", kind=kind.value, role=role.value, allowed=sorted(allowed)
            )
    return sorted({role.value for role in roles})


def check_scopes(scopes: Iterable[str]) -> list[str]:
    """The scopes, sorted; raises UnknownScope."""
    for scope in scopes:
        if scope not in SCOPES:
            raise UnknownScope(field="body.scopes", scope=scope, allowed=sorted(SCOPES))
    return sorted(set(scopes))


def check_mandate_period(today: date, valid_from: date, valid_until: date) -> None:
    """A mandate starts today or later, ends after its start, and lasts three years at most."""
    if valid_from < today or not valid_from <= valid_until <= valid_from + LONGEST_MANDATE:
        raise BadMandatePeriod(field="body.valid_until", today=today.isoformat())


def login_pause(now: datetime, failures: int) -> datetime | None:
    """Until when logins wait after so many failures in a row: doubling from the sixth on."""
    if failures <= FREE_ATTEMPTS:
        return None
    seconds = 2.0 ** min(failures - FREE_ATTEMPTS, 20) * 5
    return now + min(timedelta(seconds=seconds), LONGEST_PAUSE)


def check_relation(
    kind: RelationKind,
    valid_from: date,
    valid_until: date | None,
    *,
    to_itself: bool,
    about_a_sale: bool,
) -> None:
    """A relation has two ends, a period in order, and a sale only where one belongs to it.

    Raises BadRelation.
    """
    if to_itself:
        raise BadRelation(
            field="body.other_credit_code",
            problem_zh="不能申报与本机构自身的关系",
            problem_en="an organisation is not related to itself; name another one",
        )
    if valid_until is not None and valid_until < valid_from:
        raise BadRelation(
            field="body.valid_until",
            problem_zh=f"终止日不得早于起始日 {valid_from}",
            problem_en=f"it must not end before it begins on {valid_from}",
        )
    if about_a_sale and kind not in ABOUT_A_SALE:
        raise BadRelation(
            field="body.achievement_id",
            problem_zh="仅 appraiser_of 和 broker_of 可以限定成果或挂牌",
            problem_en="only appraiser_of and broker_of concern an achievement or a listing",
        )


SOURCES: dict[Insider, str] = {
    Insider.SELLER: "拍卖法 art. 30",
    Insider.BROKER: "拍卖法 art. 22, 30; 法释〔2016〕18号 art. 34",
    Insider.APPRAISER: "法释〔2016〕18号 art. 34",
    Insider.PLATFORM: "拍卖法 art. 22, 23; 法释〔2016〕18号 art. 34",
}
"""The rule that bars each insider (rules.md D-3, 5.2 art. 34, I-4).

Article 34 names the court, the platform, service agencies, their staff and close relatives;
article 30 the client and whoever bids for it, which control and close relatives are taken to be.
"""


INSIDERS: dict[Insider, tuple[str, str]] = {
    Insider.SELLER: ("转让方", "the seller"),
    Insider.BROKER: ("转让方的经纪机构", "the seller's broker"),
    Insider.APPRAISER: ("评估机构", "the appraiser"),
    Insider.PLATFORM: ("交易平台", "the platform"),
}
CLOSENESS: dict[Closeness, tuple[str, str]] = {
    Closeness.SAME: ("即为{}", "is {}"),
    Closeness.CONTROL: ("与{}处于同一控制之下", "is under one control with {}"),
    Closeness.RELATIVE: ("与{}有近亲属关系", "has close relatives at {}"),
    Closeness.STAFF: ("与{}有共同的工作人员", "shares staff with {}"),
}
"""What a conflict is called in a sentence about the bidder, in Chinese and English."""


@dataclass(frozen=True)
class ControlEdge:
    """One declared step of control, from an organisation up to its controller or to a sister.

    Organisations are credit codes: a controller need not be registered here.
    """

    lower: str
    upper: str
    relation_id: UUID


def control_path(edges: Iterable[ControlEdge], first: str, second: str) -> tuple[UUID, ...] | None:
    """The fewest declared relations that put two organisations under one control.

    They are if one controls the other, or if both are controlled by a third, over any number of
    steps. Returns None if nothing says so. Two controllers of one company are not linked by it.
    """
    uppers: dict[str, list[ControlEdge]] = defaultdict(list)
    for edge in sorted(edges, key=lambda edge: edge.relation_id):
        uppers[edge.lower].append(edge)
    above_first, above_second = _above(uppers, first), _above(uppers, second)
    shared = above_first.keys() & above_second.keys()
    paths = [tuple(sorted({*above_first[top], *above_second[top]})) for top in shared]
    return min(paths, key=lambda path: (len(path), path), default=None)


def _above(uppers: dict[str, list[ControlEdge]], start: str) -> dict[str, tuple[UUID, ...]]:
    """Everyone above an organisation, itself included, with the shortest way there."""
    ways: dict[str, tuple[UUID, ...]] = {start: ()}
    waiting = deque([start])
    while waiting:
        lower = waiting.popleft()
        for edge in uppers[lower]:
            if edge.upper not in ways:
                ways[edge.upper] = (*ways[lower], edge.relation_id)
                waiting.append(edge.upper)
    return ways


def default_roles(kind: OrganisationKind) -> list[str]:
    """What the first person of an organisation may do."""
    working = {
        OrganisationKind.EXCHANGE_OPERATOR: Role.OPERATOR,
        OrganisationKind.REGISTRATION_OFFICE: Role.REGISTRAR,
        OrganisationKind.REGULATOR: Role.REGULATOR,
    }.get(kind, Role.TRADER)
    return check_roles(kind, [Role.ORGANISATION_ADMIN, working])
