"""Documents under the confidentiality agreement: signed by a click, and every reading logged.

Bytes move in no database transaction: the use cases here are short steps before and after.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import audit
from app.kit.actor import Actor
from app.kit.errors import NotFound
from app.kit.states import move
from app.kit.storage import Stored
from app.negotiations import access, repository, texts
from app.negotiations.errors import EmptyFile, NdaNotSigned, StaleNda
from app.negotiations.models import (
    DocumentReading,
    NdaSignature,
    Negotiation,
    NegotiationDocument,
)
from app.negotiations.schemas import NdaView
from app.negotiations.states import MOVES, NegotiationState


async def nda(session: AsyncSession, actor: Actor, negotiation_id: UUID) -> NdaView:
    """The agreement in force, and who signed it."""
    found = access.shared(actor, await repository.negotiation(session, negotiation_id))
    signed = await repository.nda_signers(session, found.id, texts.NDA_VERSION)
    return NdaView(
        text_version=texts.NDA_VERSION,
        text=texts.NDA_TEXT,
        text_sha256=texts.NDA_SHA256,
        signed_by=list(signed),
    )


async def sign_nda(
    session: AsyncSession, actor: Actor, negotiation_id: UUID, text_sha256: str, now: datetime
) -> NdaView:
    """Sign for one's party; a second time changes nothing. Raises StaleNda."""
    found, _ = access.acting(
        actor, await repository.negotiation(session, negotiation_id, lock=True)
    )
    if text_sha256 != texts.NDA_SHA256:
        raise StaleNda(field="body.text_sha256", text_version=texts.NDA_VERSION)
    party_id = actor.require_party()
    if party_id not in await repository.nda_signers(session, found.id, texts.NDA_VERSION):
        session.add(
            NdaSignature(
                negotiation_id=found.id,
                party_id=party_id,
                person_id=access.person_of(actor),
                mandate_id=actor.mandate_id,
                text_version=texts.NDA_VERSION,
                text_sha256=texts.NDA_SHA256,
                signed_at=now,
            )
        )
        audit.record(
            session,
            actor,
            "negotiation.sign_nda",
            "negotiation",
            found.id,
            after={"party": party_id, "text_version": texts.NDA_VERSION},
            audience=access.audience(found),
        )
        await session.flush()
    return await nda(session, actor, negotiation_id)


async def require_uploader(session: AsyncSession, actor: Actor, negotiation_id: UUID) -> None:
    """Raise unless the actor may add documents; asked before the bytes are taken."""
    _adding(actor, await repository.negotiation(session, negotiation_id))


def _adding(actor: Actor, negotiation: Negotiation | None) -> Negotiation:
    found, _ = access.acting(actor, negotiation)
    # Documents are for the talks: they come while offers can.
    move(MOVES, NegotiationState(found.state), "offer")
    return found


async def add(
    session: AsyncSession,
    actor: Actor,
    negotiation_id: UUID,
    name: str,
    media_type: str,
    stored: Stored,
) -> NegotiationDocument:
    """Note a document whose bytes are stored; the same bytes again give the same document.

    Raises EmptyFile, and IllegalMove when the negotiation is over.
    """
    found = _adding(actor, await repository.negotiation(session, negotiation_id, lock=True))
    if stored.size_bytes == 0:
        raise EmptyFile(field="body.file")
    owner_id = actor.require_party()
    known = await repository.document_by_hash(session, found.id, owner_id, stored.sha256)
    if known is not None:
        return known
    document = NegotiationDocument(
        negotiation_id=found.id,
        owner_id=owner_id,
        name=name,
        media_type=media_type,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
        uploaded_by=access.person_of(actor),
    )
    session.add(document)
    await session.flush()
    audit.record(
        session,
        actor,
        "negotiation.add_document",
        "negotiation",
        found.id,
        after={"document": document.id, "name": name, "sha256": stored.sha256},
        audience=access.audience(found),
    )
    return document


async def listed(
    session: AsyncSession, actor: Actor, negotiation_id: UUID
) -> Sequence[NegotiationDocument]:
    """Names of both sides' documents; what is in them needs the signature."""
    found = access.shared(actor, await repository.negotiation(session, negotiation_id))
    return await repository.documents(session, found.id)


async def read(
    session: AsyncSession, actor: Actor, negotiation_id: UUID, document_id: UUID, now: datetime
) -> NegotiationDocument:
    """A document to download; the other side's needs the signature and is logged.

    Raises NotFound and NdaNotSigned.
    """
    found = access.shared(actor, await repository.negotiation(session, negotiation_id))
    document = await _document(session, found, document_id)
    party_id = actor.require_party()
    if party_id == document.owner_id:
        return document
    if party_id not in await repository.nda_signers(session, found.id, texts.NDA_VERSION):
        raise NdaNotSigned(text_version=texts.NDA_VERSION)
    assert actor.organisation_id is not None
    session.add(
        DocumentReading(
            document_id=document.id,
            party_id=party_id,
            organisation_id=actor.organisation_id,
            person_id=access.person_of(actor),
            mandate_id=actor.mandate_id,
            read_at=now,
        )
    )
    await session.flush()
    return document


async def readings(
    session: AsyncSession,
    actor: Actor,
    negotiation_id: UUID,
    document_id: UUID,
    *,
    after: UUID | None,
    limit: int,
) -> Sequence[DocumentReading]:
    """Who read a document, for the side that owns it; raises NotFound."""
    found = access.shared(actor, await repository.negotiation(session, negotiation_id))
    document = await _document(session, found, document_id)
    if document.owner_id != actor.party_id:
        raise NotFound
    return await repository.readings(session, document.id, after=after, limit=limit)


async def _document(
    session: AsyncSession, negotiation: Negotiation, document_id: UUID
) -> NegotiationDocument:
    document = await repository.document(session, negotiation.id, document_id)
    if document is None:
        raise NotFound
    return document
