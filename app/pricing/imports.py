"""Importing comparable deals from elsewhere: all of a list or none of it."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements.errors import BadIpc
from app.kit import audit, codes, jobs
from app.kit.actor import Actor
from app.kit.calendar import local_day
from app.kit.errors import NotFound
from app.kit.identifiers import BadIdentifier, check_ipc
from app.parties import service as parties
from app.parties.states import Role
from app.pricing import access, repository
from app.pricing.approaches.checks import CURRENCY
from app.pricing.approaches.terms import Payment
from app.pricing.comparables import FOLLOW
from app.pricing.errors import BadAmounts, CurrencyMixed, DuplicateComparable
from app.pricing.models import ComparablePrice
from app.pricing.schemas import ComparableImport, ComparableView, NewComparable
from app.pricing.states import Source


async def add(session: AsyncSession, actor: Actor, given: ComparableImport, now: datetime) -> int:
    """An operator imports deals; returns how many.

    Raises RoleRequired, ScopeRequired, CurrencyMixed, UnknownValue, BadIpc, BadAmounts and
    DuplicateComparable; then nothing is imported.
    """
    actor.require_role(Role.OPERATOR)
    actor.require_scope("trade")
    organisation_id = actor.require_party()
    keys = [one.key for one in given.items]
    twice = [key for key, count in Counter(keys).items() if count > 1]
    if twice:
        raise DuplicateComparable(field="body.items", key=twice[0])
    others = sorted({one.currency for one in given.items} - {CURRENCY})
    if others:
        raise CurrencyMixed(field="body.items", given=", ".join(others), expected=CURRENCY)
    rows = [_row(one, place, organisation_id, now) for place, one in enumerate(given.items)]
    written = await repository.add_comparables(session, rows)
    if len(written) < len(rows):
        fresh = set(written)
        known = [
            one.key
            for one, row in zip(given.items, rows, strict=True)
            if row["source_key"] not in fresh
        ]
        raise DuplicateComparable(field="body.items", key=known[0])
    await jobs.defer(session, FOLLOW, lock=FOLLOW)
    audit.record(
        session,
        actor,
        "comparable.import",
        "organisation",
        organisation_id,
        after={"imported": len(rows)},
    )
    return len(rows)


def _row(new: NewComparable, place: int, organisation_id: UUID, now: datetime) -> dict[str, Any]:
    field = f"body.items.{place}"
    parties.require_code("technical_fields", new.technical_field, f"{field}.technical_field")
    parties.require_code("transfer_modes", new.transfer_mode, f"{field}.transfer_mode")
    parties.require_code("regions", new.region_code, f"{field}.region_code")
    if new.ip_kind is not None:
        parties.require_code("ip_types", new.ip_kind, f"{field}.ip_kind")
    if new.traded_on > local_day(now):
        raise BadAmounts(
            field=f"{field}.traded_on",
            name="traded_on",
            problem_zh="成交日期晚于今天",
            problem_en="the day of the deal is to come",
        )
    payment = new.payment or Payment(upfront_fen=new.price_fen)
    total = payment.upfront_fen + sum(due.amount_fen for due in payment.later)
    if total != new.price_fen:
        raise BadAmounts(
            field=f"{field}.payment",
            name="payment",
            problem_zh=f"各期合计 {total} 分,应等于价格 {new.price_fen} 分",
            problem_en=f"the payments sum to {total} fen, the price is {new.price_fen}",
        )
    return {
        "source": Source.IMPORTED.value,
        "source_key": f"import:{organisation_id}:{new.key}",
        "imported_by": organisation_id,
        "reference": new.reference,
        "title": new.title,
        "body": f"{new.title}\n{new.summary}",
        "technical_field": new.technical_field,
        "ipc": _symbols(new.ipc, field),
        "trl": new.trl,
        "ip_kind": new.ip_kind,
        "seller_kind": None if new.seller_kind is None else new.seller_kind.value,
        "transfer_mode": new.transfer_mode,
        "exclusive": new.exclusive,
        "region": codes.province_of(new.region_code).code,
        "traded_on": new.traded_on,
        "price_fen": new.price_fen,
        "payment": payment.model_dump(mode="json"),
    }


def _symbols(given: Sequence[str], field: str) -> list[str]:
    checked = []
    for place, symbol in enumerate(given):
        try:
            checked.append(check_ipc(symbol))
        except BadIdentifier as error:
            raise BadIpc(
                field=f"{field}.ipc.{place}", value=symbol, expected=error.expected
            ) from None
    return checked


async def listed(
    session: AsyncSession, actor: Actor, after: UUID | None, limit: int
) -> list[ComparableView]:
    """All comparables, for those who run and oversee the market; raises RoleRequired."""
    actor.require_role(*access.OVERSEERS)
    rows = await repository.comparables(session, after, limit)
    return [ComparableView.model_validate(row) for row in rows]


async def void(
    session: AsyncSession, actor: Actor, comparable_id: UUID, now: datetime
) -> ComparablePrice:
    """An operator takes an imported comparable out; valuations that used it keep it.

    Raises NotFound, RoleRequired, ScopeRequired.
    """
    actor.require_role(Role.OPERATOR)
    actor.require_scope("trade")
    row = await repository.comparable_of(session, comparable_id=comparable_id)
    if row is None or row.source != Source.IMPORTED:
        raise NotFound
    if row.voided_at is None:
        row.voided_at, row.followed_at = now, None
        await jobs.defer(session, FOLLOW, lock=FOLLOW)
        audit.record(
            session, actor, "comparable.void", "comparable", row.id, after={"voided_at": now}
        )
        await session.flush()
    return row
