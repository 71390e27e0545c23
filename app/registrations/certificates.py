"""Certificates of registration (登记证明, B-5): sealed when issued, drawn when first asked for."""

import secrets
from datetime import datetime
from typing import Any
from uuid import UUID

from anyio import to_thread
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.actor import Actor
from app.kit.calendar import local_day
from app.kit.errors import NotFound
from app.kit.seals import Sealer, digest, to_sign
from app.parties import service as parties
from app.registrations import access, outcomes, printing, repository, rules
from app.registrations.errors import NotInForce
from app.registrations.models import (
    Registration,
    RegistrationCertificate,
    RegistrationParty,
)
from app.registrations.schemas import RegisterEntry, RegistrationCertificateView, SealView
from app.registrations.states import NUMBERED

FORMAT = "techmarket-registration-certificate/1"
_OF_EDITION = ("edition", "issued_on", "check_code", "verify_at")


async def issue(
    session: AsyncSession, registration_id: UUID, sealer: Sealer, now: datetime
) -> None:
    """Issue the certificate of a registration as it stands; nothing when the newest says it."""
    row = await repository.registration(session, registration_id, lock=True)
    if row is None or row.number is None or row.state not in NUMBERED:
        return
    content = await _content(session, row)
    newest = await outcomes.certificate(session, row.id)
    if newest is not None:
        said = {name: newest.content[name] for name in content}
        if said == content:
            return
    edition = 1 if newest is None else newest.edition + 1
    code = secrets.token_urlsafe(12)
    root = sealer.public_url.rstrip("/")
    content |= {
        "edition": edition,
        "issued_on": local_day(now).isoformat(),
        "check_code": code,
        "verify_at": f"{root}/verify/registrations/{row.number}?code={code}",
    }
    sealed = digest(content)
    session.add(
        RegistrationCertificate(
            registration_id=row.id,
            edition=edition,
            check_code=code,
            content=content,
            content_sha256=sealed,
            signature=sealer.key.sign(to_sign(FORMAT, row.number, sealed)),
            key_id=sealer.key.key_id,
            public_key=sealer.key.public_pem,
            issued_at=now,
        )
    )
    await session.flush()


async def _content(session: AsyncSession, row: Registration) -> dict[str, Any]:
    """What a certificate states; days are those of Shanghai, money is in fen."""
    known = await repository.parties_of(session, [row.seller_id, row.buyer_id])
    office = await parties.facts(session, row.office_id)
    assert row.registered_at is not None
    return {
        "format": FORMAT,
        "number": row.number,
        "title": row.title,
        "contract_class": row.contract_class,
        "sub_class": row.sub_class,
        "seller": _party(known[row.seller_id]),
        "buyer": _party(known[row.buyer_id]),
        "signed_on": local_day(row.signed_at).isoformat(),
        "total_fen": row.total_fen,
        "technical_fen": row.technical_fen,
        "office": office.name,
        "registered_on": local_day(row.registered_at).isoformat(),
        "changed_on": None if row.changed_at is None else local_day(row.changed_at).isoformat(),
        "rule_set": row.rule_set,
        "verify": rules.rule_set(row.rule_set or "").verify,
    }


def _party(party: RegistrationParty) -> dict[str, str]:
    return {"name": party.name, "credit_code": party.credit_code}


async def document(session: AsyncSession, actor: Actor, registration_id: UUID) -> tuple[str, bytes]:
    """Number and PDF of the newest certificate, for the parties, the office and regulators.

    It is drawn when it is first asked for and kept, so that it is the same bytes every time.
    Raises NotFound and NotInForce.
    """
    row = access.visible(actor, await repository.registration(session, registration_id))
    if row.number is None or row.state not in NUMBERED:
        raise NotInForce(state=row.state)
    found = await outcomes.certificate(session, row.id, document=True)
    if found is None:
        raise NotFound
    if found.document is None:
        found.document = await to_thread.run_sync(
            printing.certificate,
            found.content,
            found.content_sha256.hex(),
            found.key_id,
            found.issued_at,
        )
        await session.flush()
    return row.number, found.document


async def verify(
    session: AsyncSession, entry: RegisterEntry, code: str | None
) -> RegistrationCertificateView:
    """What everyone may verify: the entry; with the certificate's code its content and seal too.

    Raises NotFound for a code that is no certificate's of this number.
    """
    row = await repository.by_number(session, entry.number)
    assert row is not None
    newest = await outcomes.certificate(session, row.id)
    shown = None
    if code:
        shown = await outcomes.certificate(session, row.id, code=code)
        if shown is None:
            raise NotFound
    return RegistrationCertificateView(
        number=entry.number,
        valid=entry.in_force and (shown is None or shown is newest),
        entry=entry,
        edition=None if shown is None else shown.edition,
        newest_edition=0 if newest is None else newest.edition,
        content=None if shown is None else shown.content,
        content_sha256=None if shown is None else shown.content_sha256.hex(),
        signature=None
        if shown is None
        else SealView(
            key_id=shown.key_id, public_key=shown.public_key, value=shown.signature.hex()
        ),
    )
