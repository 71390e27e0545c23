"""Use cases of signing a contract: by one's account, by certificate here, or by one's own key.

The order is the same for all: the text is the one that was read, nothing blocks it, its warnings
are acknowledged, and the second signature concludes the contract.
"""

import base64
import binascii
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import access, drafting, inspection, pdf_signing, performance, repository
from app.contracts.errors import (
    AlreadySigned,
    CertificateNeeded,
    NoCertificateSource,
    SignatureWrong,
    StaleText,
)
from app.contracts.models import Contract, ContractSignature
from app.contracts.pdf_signing import Pens, Proof, Signable
from app.contracts.schemas import (
    FoundSignature,
    SigningRequestView,
    SigningStart,
    Terms,
    VerificationView,
)
from app.contracts.states import MOVES, ContractState, PaymentMode, SignMethod
from app.deals import service as deals
from app.kit import audit, clock, jobs
from app.kit.actor import Actor
from app.kit.calendar import local_day
from app.kit.errors import NotFound
from app.kit.states import move
from app.parties import service as parties

ACCOUNT = Pens()


@dataclass(frozen=True)
class _Ready:
    """A contract that the acting party may sign now."""

    contract: Contract
    after: ContractState
    signed_by: frozenset[UUID]
    now: datetime


async def sign(
    session: AsyncSession,
    actor: Actor,
    contract_id: UUID,
    text_sha256: str,
    *,
    acknowledged: Collection[str] = (),
    method: SignMethod = SignMethod.ACCOUNT,
    pens: Pens = ACCOUNT,
) -> Contract:
    """Sign the proposed text for one's party; the second signature concludes the contract.

    Raises StaleText when the hash is not that of the text in force, AlreadySigned when this party
    has signed it, IllegalMove when nothing is proposed, and PublicityRunning, DealEnded or
    NoticeNotEffective when the deal does not let it be signed. ContractBlocked and WarningsUnread
    come from the checks. CertificateNeeded and NoCertificateSource from the market's settings.
    """
    ready = await _ready(session, actor, contract_id, text_sha256, acknowledged)
    if method is SignMethod.ACCOUNT:
        if pens.required:
            raise CertificateNeeded
        return await _signed(session, actor, ready, None)
    if pens.source is None:
        raise NoCertificateSource
    name = await parties.person_name(session, access.person(actor))
    text = await signable(session, ready.contract)
    proof = await pdf_signing.sign_here(session, actor, text, name, pens)
    return await _signed(session, actor, ready, proof)


async def ask(
    session: AsyncSession, actor: Actor, contract_id: UUID, start: SigningStart
) -> SigningRequestView:
    """The digest that the acting party signs with its own certificate, on its own machine."""
    ready = await _ready(session, actor, contract_id, start.text_sha256, start.acknowledged)
    text = await signable(session, ready.contract)
    request = await pdf_signing.ask(session, actor, text, ready.now)
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
    request_id: UUID,
    cms_base64: str,
    pens: Pens,
) -> Contract:
    """Take in the CMS object over the digest; the second signature concludes the contract."""
    request = await repository.signing_request(session, contract_id, request_id)
    contract = access.owned(actor, await repository.contract(session, contract_id, lock=True))
    if request is None or request.amendment_id is not None:
        raise NotFound
    # What was acknowledged when the digest was asked for is on record for this text.
    ready = await _ready(session, actor, contract.id, request.text_sha256, ())
    text = await signable(session, contract)
    proof = await pdf_signing.take(
        session, actor, text, request, decoded(cms_base64), pens, ready.now
    )
    return await _signed(session, actor, ready, proof)


def decoded(cms_base64: str) -> bytes:
    """The bytes of a CMS object; raises SignatureWrong."""
    try:
        return base64.b64decode(cms_base64, validate=True)
    except binascii.Error:
        raise SignatureWrong(field="body.cms_base64", problem="not Base64") from None


async def _ready(
    session: AsyncSession,
    actor: Actor,
    contract_id: UUID,
    text_sha256: str,
    acknowledged: Collection[str],
) -> _Ready:
    contract = access.owned(actor, await repository.contract(session, contract_id, lock=True))
    if contract.text_sha256 != text_sha256:
        raise StaleText(
            field="body.text_sha256",
            current_version=contract.text_version,
            current_sha256=contract.text_sha256,
        )
    signed_by = frozenset(
        signature.party_id
        for signature in await repository.signatures(session, contract.id)
        if signature.text_version == contract.text_version
    )
    if actor.require_party() in signed_by:
        raise AlreadySigned
    after = move(MOVES, ContractState(contract.state), "complete")
    access.person(actor)
    now = await clock.now(session)
    await deals.require_signable(session, contract.deal_id, now)
    await inspection.require_clear(session, actor, contract, acknowledged, now)
    return _Ready(contract, after, signed_by, now)


async def _signed(
    session: AsyncSession, actor: Actor, ready: _Ready, proof: Proof | None
) -> Contract:
    """Put the signature on record, and conclude the contract if it is the second one."""
    contract, now = ready.contract, ready.now
    party_id = actor.require_party()
    method = SignMethod.ACCOUNT if proof is None else SignMethod.CERTIFICATE
    session.add(
        ContractSignature(
            contract_id=contract.id,
            party_id=party_id,
            person_id=actor.person_id,
            mandate_id=actor.mandate_id,
            text_version=contract.text_version,
            text_sha256=contract.text_sha256,
            signed_at=now,
            method=method.value,
            certificate=None if proof is None else proof.certificate,
            document_sha256=None if proof is None else proof.document_sha256,
        )
    )
    audit.record(
        session,
        actor,
        "contract.sign",
        "contract",
        contract.id,
        after={
            "party": party_id,
            "text_version": contract.text_version,
            "text_sha256": contract.text_sha256,
            "method": method,
        },
        audience=access.audience(contract),
    )
    # The trigger that lets a contract become signed counts the signatures in the table.
    await session.flush()
    if ready.signed_by | {party_id} == {contract.seller_id, contract.buyer_id}:
        contract.signed_at = now
        drafting.enter(session, actor, contract, ready.after, "contract.complete")
        await session.flush()
        terms = Terms.model_validate(contract.terms)
        await performance.plan(session, contract, terms, local_day(now))
        mode = PaymentMode(contract.payment_mode).value
        await deals.mark_contracted(
            session, actor, contract.deal_id, now, mode, terms.intermediary_id
        )
        await jobs.defer(
            session, "settlements.taken_up", achievement_id=str(contract.achievement_id)
        )
    else:
        contract.version += 1
    await session.flush()
    return contract


async def signable(session: AsyncSession, contract: Contract) -> Signable:
    """The text in force as it is printed and signed.

    The text stays that of those who signed it, also when a position went over to another since.
    """
    kept = await repository.text(session, contract.id, contract.text_version)
    assert kept is not None
    ids = [contract.seller_id, contract.buyer_id]
    if contract.signed_at is not None:
        rows = await repository.signatures(session, contract.id)
        done = [row.party_id for row in rows if row.text_version == contract.text_version]
        gone = [party for party in done if party not in ids]
        ids = [one if one in done else gone.pop() for one in ids]
    known = await parties.facts_of(session, ids)
    return Signable(
        contract_id=contract.id,
        amendment_id=None,
        title=contract.title,
        version=contract.text_version,
        text=contract.text,
        text_sha256=contract.text_sha256,
        made_at=kept.created_at,
        signers=tuple(
            (one, role, known[one].name, known[one].credit_code)
            for one, role in zip(ids, ("卖方", "买方"), strict=True)
        ),
    )


async def document(session: AsyncSession, actor: Actor, contract_id: UUID) -> bytes:
    """The PDF of the text in force with its certificate signatures, for who may see it."""
    contract = access.visible(actor, await repository.contract(session, contract_id))
    _, content = await pdf_signing.current(session, await signable(session, contract))
    return content


async def verification(
    session: AsyncSession, actor: Actor, contract_id: UUID, pens: Pens
) -> VerificationView:
    """Who signed the PDF of the text in force with which certificate, by the validator.

    It is valid when both parties' signatures are in it, good, and match the record.
    """
    contract = access.visible(actor, await repository.contract(session, contract_id))
    text = await signable(session, contract)
    digest, found = await pdf_signing.verify(session, text, pens.roots)
    rows = {
        row.party_id: row
        for row in await repository.signatures(session, contract.id)
        if row.text_version == contract.text_version and row.certificate is not None
    }
    fields = {text.field(party): party for party, *_ in text.signers}
    shown = []
    for one in found:
        party = fields.get(one.field)
        row = None if party is None else rows.get(party)
        matches = (
            row is not None
            and row.certificate is not None
            and row.certificate["sha256"] == one.certificate_sha256
            and one.reason == text.reason
        )
        shown.append(
            FoundSignature(
                party_id=party,
                subject=one.subject,
                issuer=one.issuer,
                serial=one.serial,
                certificate_sha256=one.certificate_sha256,
                reason=one.reason,
                claimed_at=one.claimed_at,
                recorded_at=None if row is None else row.signed_at,
                intact=one.intact,
                trusted=one.trusted,
                unchanged_since=one.unchanged_since,
                problem=one.problem if matches else one.problem or "not the signature on record",
            )
        )
    complete = {one.party_id for one in shown} == set(fields.values())
    return VerificationView(
        document_sha256=digest,
        valid=complete and not any(one.problem for one in shown),
        signatures=shown,
    )
