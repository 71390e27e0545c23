"""An achievement as an offer of the information-publication standard, both ways."""

from collections.abc import Mapping
from typing import Any

from app.achievements.errors import MemberFollows, NotAnOffer
from app.achievements.models import Achievement, AchievementRight
from app.achievements.states import AchievementState, Secrecy
from app.kit import codes
from app.parties.facts import OrganisationFacts
from app.standard import service as standard

_DATED = frozenset({AchievementState.PUBLISHED, AchievementState.EXPIRED})
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
    """The offer that an achievement's public part makes; a published one says until when."""
    document = derived(achievement, poster) | achievement.offer
    if achievement.expires_at is not None and achievement.state in _DATED:
        document["expires_on"] = standard.last_day(achievement.expires_at).isoformat()
    return document


def completeness(achievement: Achievement) -> standard.Completeness:
    """How much of what the standard asks of an offer an achievement has.

    What follows from its poster is always there, whoever that is.
    """
    always = dict.fromkeys(("client_type", "country", "province"), "")
    return standard.completeness(_own(achievement) | always | achievement.offer)


def derived(achievement: Achievement, poster: OrganisationFacts) -> dict[str, Any]:
    """The members that follow from an achievement's own fields and from who posted it."""
    return _own(achievement) | {
        "client_type": poster.kind if poster.is_public_research_unit else "enterprise",
        "country": "CN",
        "province": codes.province_of(poster.region_code).code,
    }


def _own(achievement: Achievement) -> dict[str, Any]:
    """A patent counts as granted if its status says so, otherwise as applied for."""
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


MEMBERS = (
    "type",
    "reference",
    "advantages",
    "stage",
    "stage_comment",
    "ip_comment",
    "keywords",
    "market_keywords",
    "partner_types",
    "partner_role",
    "client_size",
    "founded_year",
    "languages",
    "dissemination",
    "interest_deadline",
    "expires_on",
)
"""Members of the standard that an achievement has no field of its own for."""

FOLLOWING: dict[str, tuple[str, ...]] = {
    "title": ("title", "summary"),
    "summary": ("summary", "description"),
    "trl": ("trl",),
    "technical_field": ("technical_fields",),
    "ipc": ("ipc",),
    "industry_code": ("industries",),
    "rights": ("ip_status",),
    "transfer_modes": ("partnership_types",),
    "anonymous": ("anonymous",),
    "secrecy": ("confidentiality",),
}
"""Members that follow from a field. What an import said of them ends with an edit of the field."""


def completed(
    achievement: Achievement, poster: OrganisationFacts, change: Mapping[str, Any]
) -> dict[str, Any]:
    """The members beside an achievement's fields after a change of some; None removes one.

    Raises MemberFollows, NotAnOffer and ProfileInvalid.
    """
    for name in change:
        if name in standard.schema()["properties"] and name not in MEMBERS:
            raise MemberFollows(field=f"body.offer.{name}", member=name, allowed=list(MEMBERS))
    kept = {name: value for name, value in achievement.offer.items() if name not in change}
    given = kept | {name: value for name, value in change.items() if value is not None}
    _require_offer(given, "body.offer.")
    known = derived(achievement, poster)
    return _beside(standard.checked(known | given, prefix="body.offer."), known)


def taken(
    document: Mapping[str, Any], poster: OrganisationFacts
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields and the members beside them of an achievement that makes this offer.

    Rights are not named by a profile, so there are none. Raises NotAnOffer and ProfileInvalid.
    """
    given = {name: value for name, value in document.items() if value is not None}
    _require_offer(given, "")
    plain = standard.checked(given, prefix="")
    modes = {partnership: mode for mode, partnership in _PARTNERSHIPS.items()}
    text = plain.get("description", plain["summary"])
    if "description" not in plain and text == plain["title"]:
        text = ""
    fields = {
        "title": plain["title"],
        "summary": text,
        "trl": plain.get("trl"),
        "technical_field": next(iter(plain.get("technical_fields", ())), None),
        "ipc": plain.get("ipc", []),
        "industry_code": next(iter(plain.get("industries", ())), None),
        "transfer_modes": [
            modes[one] for one in plain.get("partnership_types", ()) if one in modes
        ],
        "secrecy": (
            Secrecy.INTERNAL if plain.get("confidentiality") == "internal" else Secrecy.PUBLIC
        ).value,
        "anonymous": plain.get("anonymous", False),
    }
    if fields["technical_field"] is None and fields["ipc"]:
        fields["technical_field"] = codes.field_of_ipc(fields["ipc"][0])
    rights: list[AchievementRight] = []
    return fields, _beside(plain, derived(Achievement(**fields, rights=rights), poster))


def _require_offer(given: Mapping[str, Any], prefix: str) -> None:
    if given.get("type") in standard.types_of("request"):
        allowed = list(standard.types_of("offer"))
        raise NotAnOffer(field=f"{prefix}type", given=given["type"], allowed=allowed)


def _beside(profile: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in profile.items() if known.get(name) != value}
