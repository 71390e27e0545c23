"""Wire shapes of changes, supplements, transfers of a position, and terminations."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from app.contracts.schemas import CertificateFacts, ContractEdit, Sha256
from app.contracts.states import AmendmentKind, AmendmentState, SignMethod
from app.kit.http import FEN_LIMIT, Paragraphs, WireModel

Reason = Annotated[Paragraphs, StringConstraints(min_length=1, max_length=2000)]


class NewAmendment(WireModel):
    """What is proposed. A change has `changes` or `total_fen`; a supplement its `clause`.

    A transfer names who enters in the proposer's place. A termination is signed by both, or by
    one alone with `delay_notice_id`, a demand of its own whose 30 days have passed.
    """

    kind: AmendmentKind
    reason: Reason
    clause: Paragraphs = ""
    changes: ContractEdit | None = None
    total_fen: int | None = Field(None, ge=1, le=FEN_LIMIT, strict=True)
    entering_id: UUID | None = None
    delay_notice_id: UUID | None = None


class AmendmentSigning(WireModel):
    """A signature names the text that was read by its hash."""

    text_sha256: Sha256
    method: SignMethod = SignMethod.ACCOUNT


class AmendmentStart(WireModel):
    """Asks for the digest that is to be signed with one's own certificate."""

    text_sha256: Sha256


class AmendmentAnswer(WireModel):
    """Why it is not signed."""

    reason: Reason


class AmendmentSignatureView(WireModel):
    """Who signed an amendment, when, and with what."""

    party_id: UUID
    person_id: UUID
    mandate_id: UUID | None
    method: SignMethod
    certificate: CertificateFacts | None
    signed_at: datetime


class AmendmentView(WireModel):
    """An amendment with its text and signatures; `signer_ids` are those who must sign."""

    id: UUID
    version: int
    number: int
    kind: AmendmentKind
    proposed_by: UUID
    entering_id: UUID | None
    delay_notice_id: UUID | None
    signer_ids: list[UUID]
    reason: str
    clause: str
    text: str
    text_sha256: str
    state: AmendmentState
    answer: str
    effective_at: datetime | None
    created_at: datetime
    signatures: list[AmendmentSignatureView] = Field(default_factory=list)
