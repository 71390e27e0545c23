"""Reports: naming an appraiser, issuing, signing; the report as it was issued."""

from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from anyio import to_thread
from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import service as achievements
from app.kit import audit, codes
from app.kit.actor import Actor
from app.kit.errors import NotFound
from app.kit.states import move
from app.parties import relations
from app.parties import service as parties
from app.parties.states import OrganisationState
from app.pricing import access, printing, repository, rules
from app.pricing.approaches.parameters import parameters
from app.pricing.errors import (
    AppraiserConflicted,
    AppraiserNeeded,
    AppraiserUnknown,
    ExplanationNeeded,
    NoAppraiser,
    NotIssued,
    NotTheAppraiser,
    OtherReport,
    SignedAlready,
)
from app.pricing.models import Valuation, ValuationSignature
from app.pricing.schemas import AppraiserSigning, Figure, Issue, Report, SignatureOfAppraiser
from app.pricing.states import MOVES, ValuationState

FORMAT = "techmarket-valuation-report/1"


async def assign(
    session: AsyncSession,
    actor: Actor,
    valuation_id: UUID,
    appraiser_id: UUID | None,
    now: datetime,
) -> Valuation:
    """Name the organisation that is to sign, or nobody, while the valuation is a draft.

    Raises NotFound, IllegalMove, AppraiserUnknown, and AppraiserConflicted for one that is related
    to the party or to an owner.
    """
    row = access.owned(actor, await repository.valuation(session, valuation_id, lock=True))
    move(MOVES, ValuationState(row.state), "issue")
    if appraiser_id is not None:
        known = await parties.facts_of(session, [appraiser_id])
        if appraiser_id not in known or known[appraiser_id].state != OrganisationState.ACTIVE:
            raise AppraiserUnknown(field="body.appraiser_id", appraiser_id=str(appraiser_id))
        await _require_unrelated(session, row, appraiser_id, now)
    before = {"appraiser": row.appraiser_id}
    row.appraiser_id = appraiser_id
    row.version += 1
    _record(session, actor, row, "assign", before, appraiser=appraiser_id)
    await session.flush()
    return row


async def _require_unrelated(
    session: AsyncSession, row: Valuation, appraiser_id: UUID, now: datetime
) -> None:
    """Raise AppraiserConflicted for who is, or is close to, the party, an owner or the platform."""
    achievement = await achievements.facts(session, row.achievement_id)
    found = {}
    for insider in {row.party_id, achievement.lead_party_id, *achievement.owner_ids}:
        for one in await relations.conflicts(
            session, insider, appraiser_id, broker_ids=[], appraiser_ids=[], now=now
        ):
            found[one.code] = one
    if found:
        raise AppraiserConflicted(
            field="body.appraiser_id",
            conflicts=[one.shown() for one in found.values()],
            conflicts_zh=";".join(one.zh for one in found.values()),
        )


async def issue(
    session: AsyncSession, actor: Actor, valuation_id: UUID, given: Issue, now: datetime
) -> Valuation:
    """Issue the report; what it says stands from now on.

    Raises NotFound, IllegalMove, ExplanationNeeded where the approaches differ widely, and for
    statutory work TwoMethodsNeeded and AppraiserNeeded.
    """
    row = access.owned(actor, await repository.valuation(session, valuation_id, lock=True))
    state = move(MOVES, ValuationState(row.state), "issue")
    explanation = given.explanation or row.explanation
    together = row.result["together"]
    if together["explanation_needed"] and not explanation:
        raise ExplanationNeeded(
            field="body.explanation",
            spread_bp=together["spread_bp"],
            share_bp=together["share_bp"],
        )
    if row.statutory and row.appraiser_id is None:
        raise AppraiserNeeded
    if row.appraiser_id is not None:
        await _require_unrelated(session, row, row.appraiser_id, now)
    before = {"state": row.state}
    content = await _content(session, row, explanation, now)
    digest = sha256(canonical(content)).digest()
    document = await to_thread.run_sync(printing.report, content, digest.hex(), [], now)
    row.explanation, row.content, row.content_sha256 = explanation, content, digest
    row.document, row.issued_at, row.issued_by = document, now, actor.person_id
    row.state = state.value
    row.version += 1
    _record(session, actor, row, "issue", before, content_sha256=digest.hex())
    await session.flush()
    return row


def canonical(content: dict[str, Any]) -> bytes:
    """The bytes that the digest is of: JSON in UTF-8, members sorted by name, no white space."""
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


async def _content(
    session: AsyncSession, row: Valuation, explanation: str, now: datetime
) -> dict[str, Any]:
    """Everything that a report says: subject, methods, inputs, comparables, range, limits."""
    ids = [row.party_id, *([row.appraiser_id] if row.appraiser_id else [])]
    known = await parties.facts_of(session, ids)
    found = parameters(row.rule_set)
    appraiser = known[row.appraiser_id] if row.appraiser_id else None
    return {
        "format": FORMAT,
        "valuation_id": str(row.id),
        "achievement_id": str(row.achievement_id),
        "achievement_version": row.achievement_version,
        "title": row.title,
        "subject": {name: value for name, value in row.subject.items() if name != "text"}
        | {
            "technical_field_zh": _title("technical_fields", row.subject["technical_field"]),
            "mode_zh": _title("transfer_modes", row.subject["mode"]),
        },
        "party": {"name": known[row.party_id].name, "credit_code": known[row.party_id].credit_code},
        "appraiser": None
        if appraiser is None
        else {"name": appraiser.name, "credit_code": appraiser.credit_code},
        "signatures_needed": row.signatures_needed if appraiser else 0,
        "purpose": row.purpose,
        "statutory": row.statutory,
        "valued_on": row.valued_on.isoformat(),
        "issued_at": now.isoformat(),
        "low_fen": row.low_fen,
        "value_fen": row.value_fen,
        "high_fen": row.high_fen,
        "result": row.result,
        "explanation": explanation,
        "single_method_reason": row.plan.get("single_method_reason", ""),
        "rule_set": row.rule_set,
        "parameters_to_verify": [one.model_dump() for one in found.origins if one.verify],
        "method_version": row.method_version,
        "data_cut": row.data_cut.isoformat(),
        "seed": row.seed,
        "limits": [one.model_dump() for one in rules.LIMITS],
    }


def _title(list_name: str, value: str) -> str:
    entry = codes.code_list(list_name).get(value)
    return value if entry is None else entry.title("zh")


async def sign(
    session: AsyncSession, actor: Actor, valuation_id: UUID, given: AppraiserSigning, now: datetime
) -> Valuation:
    """An appraiser signs what was issued; the last signature that is needed completes the report.

    Raises NotFound, NoAppraiser, NotTheAppraiser, NotIssued, OtherReport, SignedAlready, and
    AppraiserConflicted where a relation was declared since.
    """
    row = await repository.valuation(session, valuation_id, lock=True)
    row = access.signable(actor, row)
    if row.state != ValuationState.ISSUED or row.content is None or row.content_sha256 is None:
        raise NotIssued(state=row.state)
    if row.appraiser_id is None:
        raise NoAppraiser
    if actor.organisation_id != row.appraiser_id or actor.person_id is None or actor.client_id:
        raise NotTheAppraiser
    if given.content_sha256 != row.content_sha256.hex():
        raise OtherReport(field="body.content_sha256", expected_sha256=row.content_sha256.hex())
    signed = await repository.signatures(session, row.id)
    for one in signed:
        if one.person_id == actor.person_id:
            raise SignedAlready(signed_at=one.signed_at.isoformat())
    await _require_unrelated(session, row, row.appraiser_id, now)
    signature = ValuationSignature(
        valuation_id=row.id,
        organisation_id=row.appraiser_id,
        person_id=actor.person_id,
        name=given.name,
        licence_number=given.licence_number,
        content_sha256=row.content_sha256,
        signed_at=now,
    )
    session.add(signature)
    await session.flush()
    signed = [*signed, signature]
    before = {"state": row.state}
    if len(signed) >= row.signatures_needed:
        row.document = await to_thread.run_sync(
            printing.report, row.content, row.content_sha256.hex(), _shown(signed), now
        )
        row.state = move(MOVES, ValuationState(row.state), "complete").value
        row.signed_at = now
    row.version += 1
    _record(session, actor, row, "sign", before, person=actor.person_id, signatures=len(signed))
    await session.flush()
    return row


def _shown(signed: list[ValuationSignature]) -> list[tuple[str, str, str]]:
    return [(one.name, one.licence_number, one.signed_at.isoformat()) for one in signed]


async def report(session: AsyncSession, actor: Actor, valuation_id: UUID) -> Report:
    """The report as JSON; raises NotFound and NotIssued."""
    row = _issued(access.visible(actor, await repository.valuation(session, valuation_id)))
    assert row.content is not None
    assert row.content_sha256 is not None
    signed = await repository.signatures(session, row.id)
    return Report(
        valuation_id=row.id,
        state=ValuationState(row.state),
        content=row.content,
        content_sha256=row.content_sha256.hex(),
        signatures=[SignatureOfAppraiser.model_validate(one) for one in signed],
    )


async def document(session: AsyncSession, actor: Actor, valuation_id: UUID) -> bytes:
    """The report as PDF, as it was issued or completed; raises NotFound and NotIssued."""
    found = await repository.valuation(session, valuation_id, document=True)
    row = _issued(access.visible(actor, found))
    if row.document is None:
        raise NotFound
    return row.document


def figure(row: Valuation) -> Figure:
    """What a listing copies of an issued valuation; raises NotIssued."""
    _issued(row)
    return Figure(
        appraisal_fen=row.value_fen,
        appraisal_on=row.valued_on,
        appraisal_document=f"估值报告 {row.id}",
    )


def _issued(row: Valuation) -> Valuation:
    if row.state not in {ValuationState.ISSUED, ValuationState.SIGNED}:
        raise NotIssued(state=row.state)
    return row


def _record(
    session: AsyncSession,
    actor: Actor,
    row: Valuation,
    act: str,
    before: dict[str, Any],
    **after: Any,
) -> None:
    audit.record(
        session,
        actor,
        f"valuation.{act}",
        "valuation",
        row.id,
        before=before,
        after={"state": row.state} | after,
        rule_set=row.rule_set,
    )
