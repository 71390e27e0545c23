"""What the endpoints of listings share: refusals they declare, and the register of patents."""

from typing import Annotated

from fastapi import Depends, Request

from app.kit.actor import RoleRequired, ScopeRequired
from app.kit.errors import NotFound, Unauthenticated
from app.kit.http import UnknownValue
from app.kit.patents import PatentRegister, patent_register
from app.listings.errors import (
    DepositTooHigh,
    DisclosureTooShort,
    LicenceMannerMismatch,
    NegotiationNotForProfile,
    NotAnOffer,
    PatentsExpired,
    ProfileNotForSeller,
    ProlongationWrong,
    RequirementTwice,
    TransferModeNotOffered,
)


def current_register(request: Request) -> PatentRegister:
    """The register of patents that the settings name."""
    return patent_register(request.app.state.settings)


Register = Annotated[PatentRegister, Depends(current_register)]
ACTING = (Unauthenticated, RoleRequired, ScopeRequired, NotFound)
TERMS = (
    UnknownValue,
    NegotiationNotForProfile,
    NotAnOffer,
    LicenceMannerMismatch,
    ProfileNotForSeller,
    DepositTooHigh,
    DisclosureTooShort,
    TransferModeNotOffered,
    PatentsExpired,
    ProlongationWrong,
    RequirementTwice,
)
