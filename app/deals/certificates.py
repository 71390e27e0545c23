"""Trade certificates (交易凭证, rules.md C-18): issue, show to everyone, revoke."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from anyio import to_thread
from sqlalchemy.ext.asyncio import AsyncSession

from app.deals import access, printing, repository, results, rules, seal
from app.deals.errors import AlreadyRevoked, CertificateStands, NotContracted
from app.deals.models import Deal, TradeCertificate
from app.deals.schemas import CertificateView, NewCertificate, SignatureView
from app.deals.states import DealState
from app.kit import audit
from app.kit.actor import Actor
from app.kit.calendar import local_day
from app.kit.errors import NotFound
from app.kit.signing import SigningKey
from app.listings import service as listings
from app.parties import service as parties
from app.parties.facts import OrganisationFacts


@dataclass(frozen=True)
class Issuer:
    """The platform that issues: its code in numbers, its address, and its key."""

    node_code: str
    public_url: str
    key: SigningKey


async def issue(
    session: AsyncSession,
    actor: Actor,
    deal_id: UUID,
    new: NewCertificate,
    issuer: Issuer,
    now: datetime,
) -> CertificateView:
    """An operator issues the certificate of a contracted deal; one per deal is in force.

    Raises NotFound, RoleRequired, NotContracted and CertificateStands.
    """
    issued_by = access.require_operator(actor)
    deal = await repository.deal(session, deal_id, lock=True)
    if deal is None:
        raise NotFound
    if deal.state != DealState.CONTRACTED:
        raise NotContracted(state=deal.state)
    standing = await repository.numbers_in_force(session, [deal.id])
    if standing:
        raise CertificateStands(number=standing[deal.id])
    day = local_day(now)
    serial = await repository.take_serial(session, issuer.node_code, day.year)
    number = seal.number(issuer.node_code, day.year, serial)
    content = await _content(session, deal, new, number, issuer, now)
    digest = seal.digest(content)
    signature = issuer.key.sign(seal.to_sign(number, digest))
    document = await to_thread.run_sync(
        printing.certificate, content, digest.hex(), issuer.key.key_id, now
    )
    certificate = TradeCertificate(
        deal_id=deal.id,
        number=number,
        content=content,
        content_sha256=digest,
        signature=signature,
        key_id=issuer.key.key_id,
        public_key=issuer.key.public_pem,
        document=document,
        issued_at=now,
        issued_by=issued_by,
    )
    session.add(certificate)
    await session.flush()
    audit.record(
        session,
        actor,
        "certificate.issue",
        "trade_certificate",
        certificate.id,
        after={"number": number, "deal": deal.id, "content_sha256": digest.hex()},
        rule_set=deal.rule_set,
    )
    return view(certificate)


async def _content(
    session: AsyncSession,
    deal: Deal,
    new: NewCertificate,
    number: str,
    issuer: Issuer,
    now: datetime,
) -> dict[str, Any]:
    """The fields of rules.md C-18; days are those of Shanghai, money is in fen."""
    listing = await listings.facts(session, deal.listing_id)
    brokers = [one for one in (deal.seller_broker_id, deal.buyer_broker_id) if one is not None]
    known = await parties.facts_of(session, [deal.seller_id, deal.buyer_id, *brokers])
    assert listing.disclosure_from is not None
    assert listing.closed_at is not None
    assert deal.contracted_at is not None
    return {
        "format": seal.FORMAT,
        "number": number,
        "verify_at": f"{issuer.public_url.rstrip('/')}/verify/certificates/{number}",
        "issued_on": local_day(now).isoformat(),
        "deal_id": str(deal.id),
        "listing_id": str(deal.listing_id),
        "title": deal.title,
        "seller": _party(known[deal.seller_id]),
        "buyer": _party(known[deal.buyer_id]),
        "brokers": [known[broker].name for broker in dict.fromkeys(brokers)],
        "transfer_mode": deal.transfer_mode,
        "license_manner": deal.license_manner,
        "method": deal.method,
        "listed_from": listing.disclosure_from.isoformat(),
        "listed_until": rules.last_day(listing.closed_at).isoformat(),
        "concluded_on": local_day(deal.concluded_at).isoformat(),
        "publicity_from": deal.publicity_from.isoformat(),
        "publicity_until": rules.last_day(deal.publicity_ends_at).isoformat(),
        "signed_on": local_day(deal.contracted_at).isoformat(),
        "price_fen": deal.price_fen,
        "payment_mode": deal.payment_mode,
        "appraisal_fen": new.appraisal_fen,
        "conclusion": new.conclusion,
    }


def _party(organisation: OrganisationFacts) -> dict[str, str]:
    return {"name": organisation.name, "credit_code": organisation.credit_code}


async def get(session: AsyncSession, number: str) -> CertificateView:
    """A certificate for everyone to verify; raises NotFound."""
    return view(await _existing(session, number))


def view(certificate: TradeCertificate) -> CertificateView:
    """A certificate as everyone sees it."""
    return CertificateView(
        format=seal.FORMAT,
        number=certificate.number,
        deal_id=certificate.deal_id,
        valid=certificate.revoked_at is None,
        issued_at=certificate.issued_at,
        revoked_at=certificate.revoked_at,
        revocation_reason=certificate.revocation_reason,
        content=certificate.content,
        content_sha256=certificate.content_sha256.hex(),
        signature=SignatureView(
            key_id=certificate.key_id,
            public_key=certificate.public_key,
            value=certificate.signature.hex(),
        ),
    )


async def document(session: AsyncSession, actor: Actor, number: str) -> bytes:
    """The PDF as it was issued, for the parties of the deal and overseers; raises NotFound."""
    certificate = await _existing(session, number, document=True)
    access.document_of(actor, await repository.deal(session, certificate.deal_id))
    return certificate.document


async def revoke(
    session: AsyncSession, actor: Actor, number: str, reason: str, now: datetime
) -> CertificateView:
    """An operator revokes a certificate whose preconditions failed; it stays to be looked up.

    Raises NotFound, RoleRequired and AlreadyRevoked.
    """
    access.require_operator(actor)
    certificate = await _existing(session, number, lock=True)
    if certificate.revoked_at is not None:
        raise AlreadyRevoked(number=number, revoked_at=certificate.revoked_at.isoformat())
    results.revoke(session, actor, certificate, reason, now)
    await session.flush()
    return view(certificate)


async def _existing(
    session: AsyncSession, number: str, *, lock: bool = False, document: bool = False
) -> TradeCertificate:
    found = await repository.certificate(session, number, lock=lock, document=document)
    if found is None:
        raise NotFound
    return found
