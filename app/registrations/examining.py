"""What a registrar notes while examining: class, amounts, disputes, opinions, look-alikes."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.actor import Actor
from app.kit.errors import IllegalMove
from app.registrations import access, amounts, checks, recognition, recording, repository, rules
from app.registrations.errors import ClassNotSupported, ExpertTwice, NothingToClear
from app.registrations.models import Registration
from app.registrations.records import (
    AmountsIn,
    AmountsView,
    Assessment,
    Clearing,
    ItemResult,
    OpinionIn,
)
from app.registrations.states import FindingKind, RegistrationState


async def _examined(
    session: AsyncSession, actor: Actor, registration_id: UUID, act: str
) -> Registration:
    """The registration, locked, for a registrar of its office; raises unless it is accepted."""
    row = await repository.registration(session, registration_id, lock=True)
    row = access.examined(actor, row)
    if row.state != RegistrationState.ACCEPTED:
        raise IllegalMove(state=row.state, act=act, allowed=[])
    return row


async def assess(
    session: AsyncSession, actor: Actor, registration_id: UUID, given: Assessment
) -> Registration:
    """A registrar decides on class and sub-class by the checklist; the content wins over the name.

    Raises SubClassUnknown, UnknownItem, AnswersMissing, ClassNotSupported, EqualWeights and
    ReasonForClass.
    """
    row = await _examined(session, actor, registration_id, "assess")
    scheme = recognition.scheme_of(given.contract_class, given.sub_class)
    recognition.check_answers(scheme, given.answers)
    if given.parts:
        parts = [
            recognition.Part(
                recognition.scheme_of(one.contract_class, one.sub_class).id, one.technical_fen
            )
            for one in given.parts
        ]
        heaviest = recognition.by_weight(parts)
        if heaviest is not scheme:
            raise ClassNotSupported(
                field="body.parts", items=[heaviest.id], scheme=scheme.id, by_weight=heaviest.id
            )
    proposed = await checks.proposal(session, row)
    if not given.parts:
        recognition.check_choice(proposed, scheme, given.reason)
    content = given.model_dump(mode="json") | {
        "scheme": scheme.id,
        "proposed_class": proposed.contract_class,
        "proposed_sub_class": proposed.sub_class,
        "declared_class": row.contract_class,
        "declared_sub_class": row.sub_class,
    }
    row.contract_class, row.sub_class = given.contract_class, given.sub_class
    row.version += 1
    recording.note(session, actor, row, FindingKind.ASSESSMENT, content)
    await session.flush()
    return row


async def set_amounts(
    session: AsyncSession, actor: Actor, registration_id: UUID, given: AmountsIn
) -> AmountsView:
    """A registrar approves the technical amount from itemised costs; the due day follows it.

    Raises NonTechnicalExceeds, AllowanceExceedsItem, OverrideNeedsReason, TechnicalExceedsTotal.
    """
    row = await _examined(session, actor, registration_id, "set_amounts")
    items = [
        amounts.CostItem(
            one.category,
            one.name,
            one.amount_fen,
            None
            if one.allowance is None
            else amounts.ReasonableQuantity(
                one.allowance.subject,
                one.allowance.quantity,
                one.allowance.cost_fen,
                one.allowance.override,
            ),
        )
        for one in given.items
    ]
    found = amounts.technical_amount(row.total_fen, items)
    chosen = found.technical_fen if given.technical_fen is None else given.technical_fen
    rules.check_amounts(row.total_fen, chosen)
    amounts.check_override(found.technical_fen, chosen, given.override_reason)
    view = AmountsView(
        total_fen=row.total_fen,
        computed_fen=found.technical_fen,
        technical_fen=chosen,
        override_reason=given.override_reason,
        items=[ItemResult.model_validate(one) for one in found.items],
    )
    content = given.model_dump(mode="json") | view.model_dump(mode="json")
    content["was_fen"] = row.technical_fen
    row.technical_fen = chosen
    row.version += 1
    await recording.count_again(session, row)
    recording.note(session, actor, row, FindingKind.AMOUNTS, content)
    await session.flush()
    return view


async def dispute(
    session: AsyncSession, actor: Actor, registration_id: UUID, why: str
) -> Registration:
    """A registrar notes that the recognition is disputed: experts review it, with more time."""
    row = await _examined(session, actor, registration_id, "dispute")
    row.disputed = True
    row.version += 1
    await recording.count_again(session, row)
    recording.note(session, actor, row, FindingKind.DISPUTE, {"note": why})
    await session.flush()
    return row


async def give_opinion(
    session: AsyncSession, actor: Actor, registration_id: UUID, given: OpinionIn
) -> Registration:
    """A registrar files an expert's opinion; raises ExpertTwice."""
    row = await _examined(session, actor, registration_id, "opinion")
    known = await repository.findings(
        session, row.id, FindingKind.OPINION.value, since=row.accepted_at
    )
    if any(
        (one.content["expert"], one.content["institution"]) == (given.expert, given.institution)
        for one in known
    ):
        raise ExpertTwice(field="body.expert", expert=given.expert)
    recording.note(session, actor, row, FindingKind.OPINION, given.model_dump(mode="json"))
    await session.flush()
    return row


async def clear(
    session: AsyncSession, actor: Actor, registration_id: UUID, given: Clearing
) -> Registration:
    """A registrar notes why a look-alike is of another contract; raises NothingToClear."""
    row = await _examined(session, actor, registration_id, "clear")
    if given.registration_id not in {one.row.id for one in await checks.duplicates(session, row)}:
        raise NothingToClear(field="body.registration_id")
    recording.note(session, actor, row, FindingKind.CLEARED, given.model_dump(mode="json"))
    await session.flush()
    return row
