"""An achievement as an offer of the information-publication standard."""

from collections.abc import AsyncIterator
from typing import Any

import orjson

from app.achievements import repository
from app.achievements.models import Achievement
from app.achievements.states import AchievementState, Secrecy
from app.kit import codes
from app.kit.db import Sessions
from app.parties import service as parties
from app.parties.facts import OrganisationFacts
from app.standard import service as standard

EXPORT_BATCH = 500
LONGEST_SUMMARY = 500
_PARTNERSHIPS = {
    "assign": "assignment",
    "license": "license",
    "cooperate": "technical_cooperation",
    "equity_contribution": "joint_venture",
    "other": "other",
}
_RIGHTS = {
    "know_how": "secret_know_how",
    "software_copyright": "copyright",
    "design_copyright": "copyright",
    "patent.design": "design_rights",
    "ic_layout": "exclusive_rights",
    "plant_animal_variety": "exclusive_rights",
    "bio_drug_variety": "exclusive_rights",
}
_GRANTED = frozenset({"granted", "issued", "授权", "已授权"})
_ENDS = "。;!?；！？\n"


def profile(achievement: Achievement, poster: OrganisationFacts) -> dict[str, Any]:
    """The offer that an achievement's public part makes.

    A patent counts as granted if its status says so, otherwise as applied for.
    """
    summary = achievement.summary.strip()
    document: dict[str, Any] = {
        "version": standard.CURRENT,
        "type": "TO",
        "title": achievement.title,
        "summary": _short(summary) or achievement.title,
        "description": summary,
        "trl": achievement.trl,
        "technical_fields": [achievement.technical_field],
        "ipc": list(dict.fromkeys(achievement.ipc)),
        "industries": [achievement.industry_code] if achievement.industry_code else [],
        "ip_status": list(
            dict.fromkeys(_status(r.type, r.status) for r in achievement.rights if r.type != "none")
        ),
        "partnership_types": [
            _PARTNERSHIPS[mode] for mode in achievement.transfer_modes if mode in _PARTNERSHIPS
        ],
        "client_type": poster.kind if poster.is_public_research_unit else "enterprise",
        "country": "CN",
        "province": codes.province_of(poster.region_code).code,
        "anonymous": achievement.anonymous,
        "confidentiality": "open" if achievement.secrecy == Secrecy.PUBLIC else "internal",
    }
    return standard.tidied(document)


def _status(right_type: str, status: str | None) -> str:
    if right_type.startswith("patent") and right_type != "patent.design":
        return "patents_granted" if (status or "").casefold() in _GRANTED else "patents_applied"
    return _RIGHTS.get(right_type, "other")


def _short(text: str) -> str:
    """The first sentences of a text, or its first characters, within the standard's limit."""
    if len(text) <= LONGEST_SUMMARY:
        return text
    cut = max(text.rfind(end, 0, LONGEST_SUMMARY) for end in _ENDS)
    return text[: cut + 1].strip() if cut > 0 else text[:LONGEST_SUMMARY]


async def export(sessions: Sessions) -> AsyncIterator[bytes]:
    """Profiles of all achievements that everyone may see, as JSON Lines, the newest first.

    Every batch is read in a transaction of its own, so that a slow reader holds none.
    """
    chosen = repository.Filter(
        states=[AchievementState.PUBLISHED.value], secrecies=[Secrecy.PUBLIC.value]
    )
    after = None
    while True:
        async with sessions() as session:
            rows = await repository.achievements(
                session, chosen, sort="newest", after=after, limit=EXPORT_BATCH
            )
            posters = await parties.facts_of(session, [row.lead_party_id for row in rows])
        if rows:
            yield b"".join(
                orjson.dumps(profile(row, posters[row.lead_party_id])) + b"\n" for row in rows
            )
        if len(rows) < EXPORT_BATCH:
            return
        after = [rows[-1].id]
