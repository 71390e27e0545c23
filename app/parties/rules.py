"""Decisions about parties, without I/O."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from app.parties.errors import BadMandatePeriod, RoleNotForKind, UnknownScope
from app.parties.states import ROLES_OF_KIND, SCOPES, OrganisationKind, Role

FREE_ATTEMPTS = 5
LONGEST_PAUSE = timedelta(hours=1)
LONGEST_MANDATE = timedelta(days=3 * 366)


def check_roles(kind: OrganisationKind, roles: Iterable[Role]) -> list[str]:
    """The roles, sorted; raises RoleNotForKind for one that such an organisation does not have."""
    allowed = ROLES_OF_KIND[kind]
    for role in roles:
        if role not in allowed:
            raise RoleNotForKind(
                field="body.roles", kind=kind.value, role=role.value, allowed=sorted(allowed)
            )
    return sorted({role.value for role in roles})


def check_scopes(scopes: Iterable[str]) -> list[str]:
    """The scopes, sorted; raises UnknownScope."""
    for scope in scopes:
        if scope not in SCOPES:
            raise UnknownScope(field="body.scopes", scope=scope, allowed=sorted(SCOPES))
    return sorted(set(scopes))


def check_mandate_period(today: date, valid_from: date, valid_until: date) -> None:
    """A mandate starts today or later, ends after its start, and lasts three years at most."""
    if valid_from < today or not valid_from <= valid_until <= valid_from + LONGEST_MANDATE:
        raise BadMandatePeriod(field="body.valid_until", today=today.isoformat())


def login_pause(now: datetime, failures: int) -> datetime | None:
    """Until when logins wait after so many failures in a row: doubling from the sixth on."""
    if failures <= FREE_ATTEMPTS:
        return None
    seconds = 2.0 ** min(failures - FREE_ATTEMPTS, 20) * 5
    return now + min(timedelta(seconds=seconds), LONGEST_PAUSE)
