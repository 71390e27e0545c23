"""What an office looks at before it decides: class, duplicates, experts, amounts."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import service as contracts
from app.contracts.facts import ContractDocument
from app.registrations import fingerprints, recognition, repository, rules
from app.registrations.errors import AssessmentNeeded, PossibleDuplicate
from app.registrations.models import Registration, RegistrationFinding
from app.registrations.states import FindingKind, Likeness, Opinion, Verdict


class Like:
    """Another registration, and why it may be of the same contract."""

    def __init__(self, row: Registration, why: list[Likeness], likeness: float) -> None:
        self.row = row
        self.why = why
        self.likeness = likeness

    @property
    def blocks(self) -> bool:
        """Whether registration waits until a registrar says why it is another contract.

        Nearly the same text alone does not: contracts of one template and one party are alike.
        """
        return bool({Likeness.SAME_TERMS, Likeness.SAME_TEXT} & set(self.why))


async def document(session: AsyncSession, row: Registration) -> ContractDocument:
    """The text that is examined: the contract's, or what was handed to the office."""
    if row.contract_id is not None:
        return await contracts.document(session, row.contract_id)
    found = await repository.text_of(session, row.id)
    if found is None:
        # A part of an imported contract is examined by the text of the whole.
        assert row.reference is not None
        whole = await repository.by_reference(
            session, row.office_id, row.reference.rpartition("/")[0]
        )
        assert whole is not None
        found = await repository.text_of(session, whole.id)
        assert found is not None
    return ContractDocument(
        contract_id=row.id,
        title=row.title,
        text_version=found.text_version,
        text=found.text,
        text_sha256=found.text_sha256,
        signed_at=row.signed_at,
    )


async def proposal(session: AsyncSession, row: Registration) -> recognition.Proposal:
    """What the content says the contract is."""
    text = (await document(session, row)).text
    return recognition.propose(row.title, text, row.contract_class, row.sub_class)


async def duplicates(session: AsyncSession, row: Registration) -> list[Like]:
    """Registrations at any office that may be of the same contract, with the reasons."""
    found = []
    for other in await repository.alike(session, row):
        why = []
        if (other.seller_id, other.buyer_id, other.title, other.total_fen) == (
            row.seller_id,
            row.buyer_id,
            row.title,
            row.total_fen,
        ):
            why.append(Likeness.SAME_TERMS)
        likeness = (
            fingerprints.likeness(row.hashes, other.hashes) if row.hashes and other.hashes else 0.0
        )
        if row.digest is not None and row.digest == other.digest:
            why.append(Likeness.SAME_TEXT)
        elif likeness >= fingerprints.NEARLY_SAME:
            why.append(Likeness.NEAR_TEXT)
        if why:
            found.append(Like(other, why, likeness))
    return found


async def cleared(session: AsyncSession, row: Registration) -> dict[UUID, str]:
    """Look-alikes that a registrar found to be of other contracts, with the reason."""
    return _cleared(await repository.findings(session, row.id, FindingKind.CLEARED.value))


def _cleared(noted: Sequence[RegistrationFinding]) -> dict[UUID, str]:
    return {
        UUID(one.content["registration_id"]): one.content["note"]
        for one in noted
        if one.kind == FindingKind.CLEARED
    }


async def before_registering(
    session: AsyncSession, row: Registration, rule_set: rules.RuleSet
) -> None:
    """Raise what stands in the way of registration.

    ExpertReviewNeeded, AssessmentNeeded when the content is of another class than declared and no
    registrar has judged since the application was accepted, PossibleDuplicate.
    """
    all_noted = await repository.findings(
        session,
        row.id,
        FindingKind.ASSESSMENT.value,
        FindingKind.OPINION.value,
        FindingKind.CLEARED.value,
    )
    noted = [
        one for one in all_noted if row.accepted_at is None or one.created_at >= row.accepted_at
    ]
    votes = [one.content["opinion"] for one in noted if one.kind == FindingKind.OPINION]
    rules.check_experts(
        rule_set,
        row.technical_fen,
        disputed=row.disputed,
        for_it=votes.count(Opinion.REGISTER.value),
        against=votes.count(Opinion.REFUSE.value),
    )
    if not any(one.kind == FindingKind.ASSESSMENT for one in noted) and row.part == 0:
        proposed = await proposal(session, row)
        if proposed.verdict is Verdict.DIFFERS:
            raise AssessmentNeeded(
                proposed=proposed.sub_class or proposed.contract_class,
                reasons=[zh for zh, _ in proposed.reasons],
            )
    known = _cleared(all_noted)
    found = [
        one for one in await duplicates(session, row) if one.blocks and one.row.id not in known
    ]
    if found:
        raise PossibleDuplicate(
            found=[one.row.number or str(one.row.id) for one in found],
            why=[like_facts(one) for one in found],
        )


def like_facts(one: Like) -> dict[str, Any]:
    """A look-alike as a member of a problem document."""
    return {"registration_id": str(one.row.id), "why": [why.value for why in one.why]}
