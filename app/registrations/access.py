"""Who may see and act on registrations."""

from uuid import UUID

from app.kit.actor import Actor, RoleRequired
from app.kit.changes import Audience, Circle
from app.kit.errors import NotFound
from app.parties.states import Role
from app.registrations.errors import WrongApplicant
from app.registrations.models import Registration
from app.registrations.states import RegistrationState, Side, Source

SIDES_ZH = {Side.SELLER: "卖方", Side.BUYER: "买方"}


def sees_all(actor: Actor) -> bool:
    """Regulators see every registration."""
    return Role.REGULATOR in actor.roles


def _of_office(actor: Actor, registration: Registration) -> bool:
    return (
        Role.REGISTRAR in actor.roles
        and actor.organisation_id == registration.office_id
        and registration.state != RegistrationState.DRAFT
    )


def visible(actor: Actor, registration: Registration | None) -> Registration:
    """The registration, for the contract's parties, the office it was handed to, regulators."""
    if registration is None:
        raise NotFound
    parties = {registration.seller_id, registration.buyer_id}
    if sees_all(actor) or actor.party_id in parties or _of_office(actor, registration):
        return registration
    raise NotFound


def audience(registration: Registration) -> Audience:
    """Who may learn of a change: the contract's parties, and the office once it has it."""
    party_ids = {registration.seller_id, registration.buyer_id}
    if registration.state != RegistrationState.DRAFT:
        party_ids.add(registration.office_id)
    return Audience(Circle.PARTIES, frozenset(party_ids))


def applied_for(actor: Actor, registration: Registration | None) -> Registration:
    """The registration, for a trader of the party that applied."""
    found = visible(actor, registration)
    if found.source == Source.IMPORT:
        return examined(actor, found)  # it was handed in on paper, and so is its correction
    actor.require_role(Role.TRADER)
    actor.require_scope("trade")
    if actor.party_id != found.applicant_id:
        side = Side.SELLER if found.applicant_id == found.seller_id else Side.BUYER
        raise WrongApplicant(side=side.value, side_zh=SIDES_ZH[side])
    return found


def examined(actor: Actor, registration: Registration | None) -> Registration:
    """The registration, for a registrar of its office."""
    found = visible(actor, registration)
    actor.require_role(Role.REGISTRAR)
    actor.require_scope("trade")
    if not _of_office(actor, found):
        raise NotFound
    return found


def objecting(actor: Actor, registration: Registration | None) -> Registration:
    """The registration, for a trader of one of its parties, or for a regulator (B-7)."""
    found = visible(actor, registration)
    actor.require_role(Role.TRADER, Role.REGULATOR)
    actor.require_scope("trade")
    return found


def office_of(actor: Actor) -> UUID:
    """The office that a registrar acts for; raises RoleRequired."""
    actor.require_role(Role.REGISTRAR)
    actor.require_scope("trade")
    if actor.organisation_id is None:
        raise RoleRequired(roles=[Role.REGISTRAR.value])
    return actor.organisation_id
