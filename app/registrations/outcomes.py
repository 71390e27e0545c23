"""SQL of what follows a decision: objections, requests, income forms and certificates."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from app.registrations.models import (
    Registration,
    RegistrationCertificate,
    RegistrationIncome,
    RegistrationObjection,
    RegistrationRequest,
)
from app.registrations.states import RequestState


async def objections(
    session: AsyncSession, registration_id: UUID
) -> Sequence[RegistrationObjection]:
    """Objections to a registration, the first one first."""
    query = select(RegistrationObjection).where(
        RegistrationObjection.registration_id == registration_id
    )
    return (await session.execute(query.order_by(RegistrationObjection.id))).scalars().all()


async def requests(session: AsyncSession, registration_id: UUID) -> Sequence[RegistrationRequest]:
    """Requests for a change or cancellation, the first one first."""
    query = select(RegistrationRequest).where(
        RegistrationRequest.registration_id == registration_id
    )
    query = query.execution_options(populate_existing=True)
    return (await session.execute(query.order_by(RegistrationRequest.id))).scalars().all()


async def open_requests(
    session: AsyncSession, office_id: UUID | None, limit: int
) -> Sequence[tuple[RegistrationRequest, Registration]]:
    """Requests that wait for an office, or for any, the oldest first."""
    query = (
        select(RegistrationRequest, Registration)
        .join(Registration, Registration.id == RegistrationRequest.registration_id)
        .where(RegistrationRequest.state == RequestState.FILED.value)
    )
    if office_id is not None:
        query = query.where(Registration.office_id == office_id)
    query = query.order_by(RegistrationRequest.id).limit(limit)
    return [(one, row) for one, row in (await session.execute(query)).all()]


async def incomes(session: AsyncSession, registration_id: UUID) -> Sequence[RegistrationIncome]:
    """The verification forms of a registration, in their order."""
    query = select(RegistrationIncome).where(RegistrationIncome.registration_id == registration_id)
    return (await session.execute(query.order_by(RegistrationIncome.sequence))).scalars().all()


async def certificate(
    session: AsyncSession,
    registration_id: UUID,
    *,
    document: bool = False,
    code: str | None = None,
) -> RegistrationCertificate | None:
    """The newest certificate, or the one with a code; locked when its document is wanted."""
    query = select(RegistrationCertificate).where(
        RegistrationCertificate.registration_id == registration_id
    )
    if code is not None:
        query = query.where(RegistrationCertificate.check_code == code)
    query = query.order_by(RegistrationCertificate.edition.desc()).limit(1)
    if document:
        query = query.with_for_update().options(undefer(RegistrationCertificate.document))
        query = query.execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()
