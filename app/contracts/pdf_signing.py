"""The PDF of a text and its certificate signatures: print, prepare, take in, verify.

A text has one document. Each certificate signature makes its next state; all states are kept. A
digest that was handed out is over one state, and is of no use once another party has signed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from anyio import to_thread
from cryptography import x509
from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import access, authorities, pades, printing, repository
from app.contracts.authorities import Holder, TestAuthority
from app.contracts.errors import CertificateOfAnother, SignatureWrong, SigningOutdated
from app.contracts.models import ContractDocument, ContractSigningRequest
from app.contracts.pades import Found, Prepared
from app.kit.actor import Actor

REQUEST_LIFE = timedelta(hours=1)


@dataclass(frozen=True)
class Pens:
    """What signatures are given with: `required` when an account is not enough, the sandbox's
    authority if there is one, and the roots that are trusted."""

    required: bool = False
    source: TestAuthority | None = None
    roots: tuple[x509.Certificate, ...] = ()


@dataclass(frozen=True)
class Signable:
    """A text that is signed, and who signs it: party, role, name and credit code."""

    contract_id: UUID
    amendment_id: UUID | None
    title: str
    version: int
    text: str
    text_sha256: str
    made_at: datetime
    signers: tuple[tuple[UUID, str, str, str], ...]

    def field(self, party_id: UUID) -> str:
        """The signature field of a party."""
        return f"party-{party_id}"

    def name(self, party_id: UUID) -> tuple[str, str]:
        """Name and credit code of a party that signs."""
        return next((name, code) for one, _, name, code in self.signers if one == party_id)

    @property
    def reason(self) -> str:
        """What every signature in the PDF says that it is given for."""
        return f"contract {self.contract_id} text {self.text_sha256}"


@dataclass(frozen=True)
class Proof:
    """What a certificate signature leaves in the row of the signature."""

    certificate: dict[str, Any]
    document_sha256: str


async def current(session: AsyncSession, text: Signable) -> tuple[int | None, bytes]:
    """How many signatures the newest PDF of a text has, and its bytes; None when none is kept."""
    found = await repository.document(session, text.contract_id, text.text_sha256)
    if found is not None:
        return found.sequence, found.content
    return None, await to_thread.run_sync(_print, text)


def _print(text: Signable) -> bytes:
    printed = printing.Printed(
        title=text.title,
        number=str(text.contract_id),
        version=text.version,
        text=text.text,
        text_sha256=text.text_sha256,
        made_at=text.made_at,
        signers=tuple((role, name) for _, role, name, _ in text.signers),
    )
    return pades.with_fields(
        printing.contract(printed), [text.field(party) for party, *_ in text.signers]
    )


async def ask(
    session: AsyncSession, actor: Actor, text: Signable, now: datetime
) -> ContractSigningRequest:
    """Make room for the acting party's signature and hand out the digest."""
    party_id = actor.require_party()
    sequence, content = await current(session, text)
    name, _ = text.name(party_id)
    made = await to_thread.run_sync(pades.prepare, content, text.field(party_id), text.reason, name)
    request = ContractSigningRequest(
        contract_id=text.contract_id,
        amendment_id=text.amendment_id,
        text_sha256=text.text_sha256,
        party_id=party_id,
        person_id=access.person(actor),
        mandate_id=actor.mandate_id,
        sequence=0 if sequence is None else sequence,
        content=made.document,
        digest=made.digest,
        range_start=made.start,
        range_end=made.end,
        asked_at=now,
    )
    session.add(request)
    await session.flush()
    return request


async def take(
    session: AsyncSession,
    actor: Actor,
    text: Signable,
    request: ContractSigningRequest,
    signature: bytes,
    pens: Pens,
    now: datetime,
) -> Proof:
    """Take in the CMS object that a party made over its digest.

    Raises SigningOutdated when the digest is not that of the present document, and SignatureWrong
    or CertificateOfAnother when the signature is not a good one of that party.
    """
    sequence, _ = await current(session, text)
    outdated = (
        request.text_sha256 != text.text_sha256
        or request.party_id != actor.party_id
        or request.sequence != (sequence or 0)
        or now > request.asked_at + REQUEST_LIFE
    )
    if outdated:
        raise SigningOutdated
    prepared = Prepared(request.content, request.digest, request.range_start, request.range_end)
    return await _finish(session, text, actor, prepared, signature, pens, sequence)


async def sign_here(
    session: AsyncSession,
    actor: Actor,
    text: Signable,
    person_name: str,
    pens: Pens,
    now: datetime,
) -> Proof:
    """Sign with a certificate that the sandbox's test authority issues for this one signature."""
    assert pens.source is not None
    party_id = actor.require_party()
    name, credit_code = text.name(party_id)
    signer = await to_thread.run_sync(pens.source.signer, Holder(name, credit_code, person_name))
    sequence, content = await current(session, text)
    prepared = await to_thread.run_sync(
        pades.prepare, content, text.field(party_id), text.reason, name
    )
    signature = await to_thread.run_sync(pades.sign_digest, signer, prepared.digest, now)
    return await _finish(session, text, actor, prepared, signature, pens, sequence)


async def _finish(
    session: AsyncSession,
    text: Signable,
    actor: Actor,
    prepared: Prepared,
    signature: bytes,
    pens: Pens,
    sequence: int | None,
) -> Proof:
    """Fill the signature in, let the validator see it, and keep the document."""
    party_id = actor.require_party()
    try:
        content = await to_thread.run_sync(pades.fill, prepared, signature)
        found = await to_thread.run_sync(pades.verify, content, pens.roots)
    except ValueError as error:
        raise SignatureWrong(field="body.cms_base64", problem=str(error)) from None
    own = next(one for one in found if one.field == text.field(party_id))
    broken = next((one.problem for one in found if not one.good), "")
    if broken or not own.covers_file:
        raise SignatureWrong(field="body.cms_base64", problem=broken or "it does not cover it all")
    name, credit_code = text.name(party_id)
    if not authorities.is_holder(own.names, name, credit_code):
        raise CertificateOfAnother(
            field="body.cms_base64", subject=own.subject, expected=f"{name} {credit_code}"
        )
    digest = sha256(content).hexdigest()
    session.add(
        ContractDocument(
            contract_id=text.contract_id,
            text_sha256=text.text_sha256,
            sequence=(sequence or 0) + 1,
            content=content,
            sha256=digest,
        )
    )
    await session.flush()
    return Proof(_certificate(own), digest)


def _certificate(found: Found) -> dict[str, Any]:
    return {
        "subject": found.subject,
        "issuer": found.issuer,
        "serial": found.serial,
        "sha256": found.certificate_sha256,
        "claimed_at": None if found.claimed_at is None else found.claimed_at.isoformat(),
    }


async def verify(
    session: AsyncSession, text: Signable, roots: Sequence[x509.Certificate]
) -> tuple[str, list[Found]]:
    """The SHA-256 of the present document, and what the validator says of its signatures."""
    _, content = await current(session, text)
    found = await to_thread.run_sync(pades.verify, content, roots)
    return sha256(content).hexdigest(), found
