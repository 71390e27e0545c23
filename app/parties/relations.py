"""Declared relations between parties, and the conflicts that follow from them."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from itertools import combinations
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import audit
from app.kit.actor import Actor
from app.kit.calendar import local_day
from app.kit.errors import NotFound
from app.kit.identifiers import BadIdentifier, check_uscc
from app.parties import access, repository, rules
from app.parties.errors import BadCreditCode, BadRelation, RelationDeclared, RelationEnded
from app.parties.facts import ConflictOfInterest, ControlLink
from app.parties.models import Organisation, Relation
from app.parties.schemas import NewRelation
from app.parties.states import PLATFORM_KINDS, Closeness, Insider, RelationKind


async def declare(
    session: AsyncSession, actor: Actor, organisation_id: UUID, new: NewRelation
) -> Relation:
    """Declare a relation of an organisation to another one.

    Raises NotFound, RoleRequired, ScopeRequired, BadRelation, BadCreditCode and RelationDeclared.
    """
    actor.require_scope("trade")
    declared_by = access.declares(actor, organisation_id)
    organisation = await repository.organisation(session, organisation_id, lock=True)
    if organisation is None:
        raise NotFound
    other_credit_code = await _other_credit_code(session, new)
    rules.check_relation(
        new.kind,
        new.valid_from,
        new.valid_until,
        to_itself=other_credit_code == organisation.credit_code,
        about_a_sale=new.achievement_id is not None or new.listing_id is not None,
    )
    relation = Relation(
        **new.model_dump(exclude={"kind", "other_id", "other_credit_code"}),
        organisation_id=organisation_id,
        kind=new.kind.value,
        other_credit_code=other_credit_code,
        declared_by=declared_by,
    )
    known = await repository.same_relation(session, relation)
    if known is not None:
        raise RelationDeclared(relation_id=str(known))
    session.add(relation)
    await session.flush()
    audit.record(
        session,
        actor,
        "relation.declare",
        "relation",
        relation.id,
        after={
            "organisation": organisation_id,
            "kind": new.kind,
            "other": other_credit_code,
            "achievement": new.achievement_id,
            "listing": new.listing_id,
            "valid_from": new.valid_from,
            "valid_until": new.valid_until,
            "evidence": new.evidence,
        },
    )
    return relation


async def _other_credit_code(session: AsyncSession, new: NewRelation) -> str:
    if (new.other_id is None) == (new.other_credit_code is None):
        raise BadRelation(
            field="body.other_credit_code",
            problem_zh="须以 other_id 或 other_credit_code 之一指明对方机构",
            problem_en="name the other organisation by either other_id or other_credit_code",
        )
    if new.other_id is not None:
        other = await repository.organisation(session, new.other_id)
        if other is None:
            raise BadRelation(
                field="body.other_id",
                problem_zh="对方机构未在平台注册,请填写 other_credit_code",
                problem_en="no such organisation is registered; give its other_credit_code",
            )
        return other.credit_code
    try:
        return check_uscc(new.other_credit_code or "")
    except BadIdentifier as error:
        raise BadCreditCode(
            field="body.other_credit_code", reason=error.reason, expected=error.expected
        ) from None


async def end(
    session: AsyncSession, actor: Actor, organisation_id: UUID, relation_id: UUID, now: datetime
) -> None:
    """End a relation; it stays on record. What an operator declared, an operator ends."""
    actor.require_scope("trade")
    access.declares(actor, organisation_id)
    relation = await repository.relation(session, relation_id)
    if relation is None or relation.organisation_id != organisation_id:
        raise NotFound
    access.ends(actor, relation)
    if relation.ended_at is not None:
        raise RelationEnded(ended_at=relation.ended_at.isoformat())
    relation.ended_at = now
    audit.record(
        session,
        actor,
        "relation.end",
        "relation",
        relation.id,
        before={"ended_at": None},
        after={"ended_at": now},
    )


async def listed(
    session: AsyncSession,
    actor: Actor,
    organisation_id: UUID,
    after: UUID | None,
    limit: int,
) -> Sequence[Relation]:
    """Relations that an organisation declared or is named in, ended ones too, newest first."""
    access.sees_relations(actor, organisation_id)
    organisation = await repository.organisation(session, organisation_id)
    if organisation is None:
        raise NotFound
    return await repository.relations_of(session, organisation, after, limit)


async def conflicts(
    session: AsyncSession,
    seller_id: UUID,
    bidder_id: UUID,
    *,
    broker_ids: Collection[UUID],
    appraiser_ids: Collection[UUID],
    now: datetime,
) -> list[ConflictOfInterest]:
    """Why this bidder is barred from this seller's sale; empty if nothing known bars it.

    Barred are the seller, its broker, the appraiser and the platform, and whoever is under one
    control with them or has declared close relatives with them (rules.md D-3, I-4; 拍卖法 art. 22,
    23, 30; 法释〔2016〕18号 art. 34). Raises NotFound for an unknown bidder or seller.
    """
    today = local_day(now)
    roles = [(Insider.SELLER, seller_id)]
    roles += [(Insider.BROKER, broker_id) for broker_id in sorted(set(broker_ids))]
    roles += [(Insider.APPRAISER, appraiser) for appraiser in sorted(set(appraiser_ids))]
    ids = {bidder_id, *(insider_id for _, insider_id in roles)}
    known = {row.id: row for row in await repository.organisations_by_id(session, list(ids))}
    if not {bidder_id, seller_id} <= known.keys():
        raise NotFound
    bidder = known[bidder_id]
    platform = await repository.platform_organisations(session)
    codes = [row.credit_code for row in (*known.values(), *platform)]
    edges = await repository.control_edges(session, codes, now)
    found = []
    for insider, insider_id in roles:
        if insider_id in known:
            found += await _with_insider(session, insider, known[insider_id], bidder, edges, today)
    return found + await _with_platform(session, platform, bidder, edges, today)


async def _with_insider(
    session: AsyncSession,
    role: Insider,
    insider: Organisation,
    bidder: Organisation,
    edges: Sequence[rules.ControlEdge],
    today: date,
) -> list[ConflictOfInterest]:
    if insider.id == bidder.id:
        return [_conflict(role, Closeness.SAME)]
    found = []
    path = rules.control_path(edges, insider.credit_code, bidder.credit_code)
    if path is not None:
        found.append(_conflict(role, Closeness.CONTROL, path))
    relatives = await repository.relatives(session, insider, bidder, today)
    if relatives:
        found.append(_conflict(role, Closeness.RELATIVE, relatives))
    return found


async def _with_platform(
    session: AsyncSession,
    platform: Sequence[Organisation],
    bidder: Organisation,
    edges: Sequence[rules.ControlEdge],
    today: date,
) -> list[ConflictOfInterest]:
    if bidder.kind in PLATFORM_KINDS:
        return [_conflict(Insider.PLATFORM, Closeness.SAME)]
    found = []
    for organisation in platform:
        path = rules.control_path(edges, organisation.credit_code, bidder.credit_code)
        if path is not None:
            found.append(_conflict(Insider.PLATFORM, Closeness.CONTROL, path))
    declared = await repository.platform_relations(session, bidder, today)
    for kind, closeness in (
        (RelationKind.PLATFORM_STAFF, Closeness.STAFF),
        (RelationKind.CLOSE_RELATIVE, Closeness.RELATIVE),
    ):
        relations = [row.id for row in declared if row.kind == kind]
        if relations:
            found.append(_conflict(Insider.PLATFORM, closeness, relations))
    people = await repository.shared_with_platform(session, bidder.id)
    if people:
        found.append(_conflict(Insider.PLATFORM, Closeness.STAFF, people=people))
    return found


def _conflict(
    insider: Insider, closeness: Closeness, relations: Iterable[UUID] = (), **more: int
) -> ConflictOfInterest:
    shown = sorted(str(relation) for relation in relations)
    evidence: dict[str, Any] = ({"relations": shown} if shown else {}) | more
    insider_zh, insider_en = rules.INSIDERS[insider]
    zh, en = rules.CLOSENESS[closeness]
    return ConflictOfInterest(
        code=f"{insider}.{closeness}",
        source=rules.SOURCES[insider],
        evidence=evidence,
        zh=zh.format(insider_zh),
        en=en.format(insider_en),
    )


async def declared_for_sale(
    session: AsyncSession,
    kind: RelationKind,
    seller_id: UUID,
    achievement_ids: Collection[UUID],
    listing_id: UUID,
    now: datetime,
) -> tuple[UUID, ...]:
    """Organisations declared to appraise or to broker a sale (`appraiser_of`, `broker_of`)."""
    seller = await repository.organisation(session, seller_id)
    if seller is None:
        raise NotFound
    found = await repository.declared_for_sale(
        session, kind, seller, list(achievement_ids), listing_id, local_day(now)
    )
    return tuple(found)


async def control_links(
    session: AsyncSession, organisation_ids: Collection[UUID], now: datetime
) -> list[ControlLink]:
    """Which of these organisations were under one control at a time, by what is declared by now."""
    rows = await repository.organisations_by_id(session, list(organisation_ids))
    codes = [row.credit_code for row in rows]
    edges = await repository.control_edges(session, codes, now)
    touched = {edge.lower for edge in edges} | {edge.upper for edge in edges}
    related = sorted((row for row in rows if row.credit_code in touched), key=lambda row: row.id)
    links = []
    for first, second in combinations(related, 2):
        path = rules.control_path(edges, first.credit_code, second.credit_code)
        if path is not None:
            links.append(ControlLink(first.id, second.id, path))
    return links
