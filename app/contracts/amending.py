"""Use cases of what happens to a signed contract: change, supplement, transfer, termination.

Each is a text of its own, proposed by a party and signed by those concerned; the contract's own
text stands as it was signed. One is open at a time.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import (
    access,
    amendment_terms,
    drafting,
    pdf_signing,
    performance,
    repository,
    rules,
    texts,
)
from app.contracts.amendment_schemas import (
    AmendmentSignatureView,
    AmendmentView,
    NewAmendment,
)
from app.contracts.errors import (
    AlreadySigned,
    AmendmentOpen,
    CertificateNeeded,
    NoCertificateSource,
    NotASigner,
    NoticeNotMature,
    NotYourAnswer,
    StaleText,
)
from app.contracts.models import (
    Contract,
    ContractAmendment,
    ContractAmendmentSignature,
    ContractDelayNotice,
)
from app.contracts.pdf_signing import Pens, Proof, Signable
from app.contracts.schemas import SigningRequestView
from app.contracts.states import (
    DELAY_MOVES,
    MOVES,
    MOVES_OF_AMENDMENT,
    AmendmentKind,
    AmendmentState,
    ContractState,
    DelayState,
    SignMethod,
)
from app.deals import service as deals
from app.kit import audit, calendar, clock
from app.kit.actor import Actor
from app.kit.errors import NotFound
from app.kit.states import move
from app.parties import service as parties

_OPEN = frozenset({AmendmentState.PROPOSED, AmendmentState.CONSENTED})


async def propose(
    session: AsyncSession, actor: Actor, contract_id: UUID, new: NewAmendment
) -> AmendmentView:
    """Propose an amendment of a signed contract; it has a text at once.

    Raises NotInForce, AmendmentOpen, AmendmentContentWrong, and the refusals of what it changes.
    """
    found = await repository.contract(session, contract_id, lock=True)
    contract, _ = access.performed(actor, found, ContractState.SIGNED)
    earlier = await repository.amendments(session, contract.id)
    pending = next((one.number for one in earlier if one.state in _OPEN), None)
    if pending is not None:
        raise AmendmentOpen(number=pending)
    changes = await amendment_terms.content(session, contract, new)
    notice = await _notice(session, actor, contract, new)
    party_id = actor.require_party()
    signers = [contract.seller_id, contract.buyer_id]
    if notice is not None:
        signers = [party_id]
    elif new.entering_id is not None:
        signers.append(new.entering_id)
    text = await amendment_terms.text(
        session, contract, new, changes, party_id, notice, len(earlier) + 1
    )
    amendment = ContractAmendment(
        contract_id=contract.id,
        number=len(earlier) + 1,
        kind=new.kind.value,
        proposed_by=party_id,
        entering_id=new.entering_id,
        delay_notice_id=None if notice is None else notice.id,
        signer_ids=[str(one) for one in signers],
        reason=new.reason,
        clause=new.clause,
        changes=changes,
        text=text,
        text_sha256=texts.digest(text),
        state=AmendmentState.PROPOSED.value,
    )
    session.add(amendment)
    if new.entering_id is not None:
        contract.reader_ids = [*contract.reader_ids, str(new.entering_id)]
    await session.flush()
    _record(session, actor, contract, amendment, "propose_amendment", None)
    return await _view(session, amendment)


async def _notice(
    session: AsyncSession, actor: Actor, contract: Contract, new: NewAmendment
) -> ContractDelayNotice | None:
    """The matured demand that a termination rests on; raises NoticeNotMature."""
    if new.delay_notice_id is None:
        return None
    notice = await repository.delay_notice(session, new.delay_notice_id)
    if notice is None or notice.contract_id != contract.id:
        raise NotFound
    if notice.party_id != actor.party_id:
        raise NotYourAnswer
    if notice.state != DelayState.MATURED:
        raise NoticeNotMature(matures_at=notice.matures_at.isoformat(), state=notice.state)
    return notice


async def listed(session: AsyncSession, actor: Actor, contract_id: UUID) -> list[AmendmentView]:
    """The amendments of a contract, for those who may see it."""
    contract = access.visible(actor, await repository.contract(session, contract_id))
    rows = await repository.amendments(session, contract.id)
    return [await _view(session, row) for row in rows]


async def _view(session: AsyncSession, amendment: ContractAmendment) -> AmendmentView:
    signed = await repository.amendment_signatures(session, [amendment.id])
    own = set(AmendmentView.model_fields) - {"signatures"}
    plain = {name: getattr(amendment, name) for name in own}
    rows = [AmendmentSignatureView.model_validate(one) for one in signed]
    return AmendmentView.model_validate(plain | {"signatures": rows})


async def sign(
    session: AsyncSession,
    actor: Actor,
    contract_id: UUID,
    number: int,
    text_sha256: str,
    method: SignMethod,
    pens: Pens,
) -> AmendmentView:
    """Sign an amendment for one's party; the last signature that it needs puts it into effect.

    Raises NotASigner, StaleText, AlreadySigned, IllegalMove, CertificateNeeded and
    NoCertificateSource.
    """
    contract, amendment = await _ready(session, actor, contract_id, number, text_sha256)
    now = await clock.now(session)
    if method is SignMethod.ACCOUNT:
        if pens.required:
            raise CertificateNeeded
        return await _signed(session, actor, contract, amendment, None, now)
    if pens.source is None:
        raise NoCertificateSource
    name = await parties.person_name(session, access.person(actor))
    text = await _signable(session, contract, amendment)
    proof = await pdf_signing.sign_here(session, actor, text, name, pens)
    return await _signed(session, actor, contract, amendment, proof, now)


async def ask(
    session: AsyncSession, actor: Actor, contract_id: UUID, number: int, text_sha256: str
) -> SigningRequestView:
    """The digest that the acting party signs with its own certificate."""
    contract, amendment = await _ready(session, actor, contract_id, number, text_sha256)
    text = await _signable(session, contract, amendment)
    request = await pdf_signing.ask(session, actor, text, await clock.now(session))
    return SigningRequestView(
        id=request.id,
        digest_sha256=request.digest.hex(),
        document_sha256=text.text_sha256,
        expires_at=request.asked_at + pdf_signing.REQUEST_LIFE,
    )


async def finish(
    session: AsyncSession,
    actor: Actor,
    contract_id: UUID,
    number: int,
    request_id: UUID,
    signature: bytes,
    pens: Pens,
) -> AmendmentView:
    """Take in the CMS object over the digest of an amendment."""
    request = await repository.signing_request(session, contract_id, request_id)
    if request is None or request.amendment_id is None:
        access.owned(actor, await repository.contract(session, contract_id))
        raise NotFound
    contract, amendment = await _ready(session, actor, contract_id, number, request.text_sha256)
    text = await _signable(session, contract, amendment)
    now = await clock.now(session)
    proof = await pdf_signing.take(session, actor, text, request, signature, pens, now)
    return await _signed(session, actor, contract, amendment, proof, now)


async def document(session: AsyncSession, actor: Actor, contract_id: UUID, number: int) -> bytes:
    """The PDF of an amendment with its certificate signatures."""
    contract = access.visible(actor, await repository.contract(session, contract_id))
    amendment = await _numbered(session, contract, number)
    _, content = await pdf_signing.current(session, await _signable(session, contract, amendment))
    return content


async def _numbered(session: AsyncSession, contract: Contract, number: int) -> ContractAmendment:
    rows = await repository.amendments(session, contract.id)
    row = next((one for one in rows if one.number == number), None)
    if row is None:
        raise NotFound
    return row


async def _ready(
    session: AsyncSession, actor: Actor, contract_id: UUID, number: int, text_sha256: str
) -> tuple[Contract, ContractAmendment]:
    """The amendment that the acting party may sign now."""
    contract = await _concerned(session, actor, contract_id)
    amendment = await _numbered(session, contract, number)
    if amendment.text_sha256 != text_sha256:
        raise StaleText(
            field="body.text_sha256",
            current_version=amendment.number,
            current_sha256=amendment.text_sha256,
        )
    kind = AmendmentKind(amendment.kind)
    # Whoever signs, the amendment must be open; IllegalMove says what else it allows.
    move(MOVES_OF_AMENDMENT[kind], AmendmentState(amendment.state), "reject")
    party_id = actor.require_party()
    entering = party_id == amendment.entering_id
    early = entering and amendment.state != AmendmentState.CONSENTED
    if str(party_id) not in amendment.signer_ids or early:
        raise NotASigner
    signed = await repository.amendment_signatures(session, [amendment.id])
    if party_id in {one.party_id for one in signed}:
        raise AlreadySigned
    access.person(actor)
    return contract, amendment


async def _concerned(session: AsyncSession, actor: Actor, contract_id: UUID) -> Contract:
    """The contract, for a trader of a party or of one who is asked to enter."""
    contract = access.visible(actor, await repository.contract(session, contract_id, lock=True))
    access.trading(actor)
    if access.sees_all(actor) and actor.party_id not in {contract.seller_id, contract.buyer_id}:
        raise NotFound
    return contract


async def _signable(
    session: AsyncSession, contract: Contract, amendment: ContractAmendment
) -> Signable:
    ids = [UUID(one) for one in amendment.signer_ids]
    known = await parties.facts_of(session, ids)
    return Signable(
        contract_id=contract.id,
        amendment_id=amendment.id,
        title=f"{contract.title} 第 {amendment.number} 号",
        version=amendment.number,
        text=amendment.text,
        text_sha256=amendment.text_sha256,
        made_at=amendment.created_at,
        signers=tuple((one, "签署方", known[one].name, known[one].credit_code) for one in ids),
    )


async def _signed(
    session: AsyncSession,
    actor: Actor,
    contract: Contract,
    amendment: ContractAmendment,
    proof: Proof | None,
    now: datetime,
) -> AmendmentView:
    """Put the signature on record, and the amendment into effect if it is the last one."""
    method = SignMethod.ACCOUNT if proof is None else SignMethod.CERTIFICATE
    session.add(
        ContractAmendmentSignature(
            amendment_id=amendment.id,
            party_id=actor.require_party(),
            person_id=access.person(actor),
            mandate_id=actor.mandate_id,
            text_sha256=amendment.text_sha256,
            method=method.value,
            certificate=None if proof is None else proof.certificate,
            document_sha256=None if proof is None else proof.document_sha256,
            signed_at=now,
        )
    )
    await session.flush()
    rows = await repository.amendment_signatures(session, [amendment.id])
    signed = {str(one.party_id) for one in rows}
    moves = MOVES_OF_AMENDMENT[AmendmentKind(amendment.kind)]
    state = AmendmentState(amendment.state)
    before = state
    if signed == set(amendment.signer_ids):
        act = "complete" if amendment.delay_notice_id is None else "end_by_notice"
        state = move(moves, state, act)
    elif amendment.entering_id is not None and len(signed) == len(amendment.signer_ids) - 1:
        state = move(moves, state, "consent")
    amendment.state = state.value
    amendment.version += 1
    if state is AmendmentState.EFFECTIVE:
        amendment.effective_at = now
        await session.flush()
        await _take_effect(session, actor, contract, amendment, now)
    _record(session, actor, contract, amendment, "sign_amendment", before)
    await session.flush()
    return await _view(session, amendment)


async def _take_effect(
    session: AsyncSession,
    actor: Actor,
    contract: Contract,
    amendment: ContractAmendment,
    now: datetime,
) -> None:
    """What an amendment does to its contract."""
    kind = AmendmentKind(amendment.kind)
    contract.version += 1
    if kind is AmendmentKind.CHANGE:
        terms = await amendment_terms.terms_in_force(session, contract)
        contract.total_fen = amendment.changes.get("total_fen", contract.total_fen)
        contract.technical_fen = rules.technical_amount(contract.total_fen, drafting.items(terms))
        contract.payment_mode = terms.payment_mode.value
        changed = set(amendment.changes)
        await performance.replan(session, contract, terms, changed, calendar.local_day(now))
    elif kind is AmendmentKind.TRANSFER:
        assert amendment.entering_id is not None
        left = amendment.proposed_by
        others = [one for one in contract.reader_ids if one != str(amendment.entering_id)]
        contract.reader_ids = [*others, str(left)]
        if left == contract.seller_id:
            contract.seller_id = amendment.entering_id
        else:
            contract.buyer_id = amendment.entering_id
    elif kind is AmendmentKind.TERMINATION:
        if amendment.delay_notice_id is not None:
            notice = await repository.delay_notice(session, amendment.delay_notice_id)
            assert notice is not None
            notice.state = move(DELAY_MOVES, DelayState(notice.state), "terminate").value
            notice.version += 1
        after = move(MOVES, ContractState(contract.state), "terminate")
        drafting.enter(session, actor, contract, after, "contract.terminate")
        await deals.end_with_contract(session, actor, contract.deal_id, amendment.reason, now)
    await session.flush()


async def decline(
    session: AsyncSession, actor: Actor, contract_id: UUID, number: int, reason: str
) -> AmendmentView:
    """Take back what one proposed, or reject what another proposed. Raises NotASigner."""
    contract = await _concerned(session, actor, contract_id)
    amendment = await _numbered(session, contract, number)
    party_id = actor.require_party()
    own = party_id == amendment.proposed_by
    if not own and str(party_id) not in amendment.signer_ids:
        raise NotASigner
    before = AmendmentState(amendment.state)
    moves = MOVES_OF_AMENDMENT[AmendmentKind(amendment.kind)]
    amendment.state = move(moves, before, "withdraw" if own else "reject").value
    amendment.answer = reason
    amendment.version += 1
    if amendment.entering_id is not None:
        gone = str(amendment.entering_id)
        contract.reader_ids = [one for one in contract.reader_ids if one != gone]
    _record(
        session,
        actor,
        contract,
        amendment,
        "withdraw_amendment" if own else "reject_amendment",
        before,
    )
    await session.flush()
    return await _view(session, amendment)


def _record(
    session: AsyncSession,
    actor: Actor,
    contract: Contract,
    amendment: ContractAmendment,
    act: str,
    before: AmendmentState | None,
) -> None:
    audit.record(
        session,
        actor,
        f"contract.{act}",
        "contract",
        contract.id,
        before=None if before is None else {"amendment": amendment.number, "state": before},
        after={
            "amendment": amendment.number,
            "kind": amendment.kind,
            "state": amendment.state,
            "text_sha256": amendment.text_sha256,
        },
        audience=access.audience(contract),
    )
