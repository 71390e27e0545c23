"""The page of the search: words with suggestions, filters with counts, and what was found."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from markupsafe import Markup, escape

from app.finding import queries
from app.finding.access import TRADES
from app.finding.engines import Engines
from app.finding.schemas import FoundView, Question
from app.kit.errors import NotFound
from app.kit.i18n import Language
from app.web.render import words
from app.web.texts import state_name
from app.web.visit import Visit, Visitor
from search.protocol import MAX_HITS, Facet, Kind, Sort

router = APIRouter(include_in_schema=False)
SHOWN = 20
MOST_VALUES = 20
LONGEST = 200
MOST_SIMILAR = 5
SORTS = (
    (Sort.RELEVANCE, "相关度", "Relevance"),
    (Sort.NEWEST, "最新发布", "Newest"),
    (Sort.PRICE, "价格从低到高", "Price, rising"),
    (Sort.PRICE_DOWN, "价格从高到低", "Price, falling"),
    (Sort.CLOSING, "即将截止", "Closing soon"),
)
FACETS = (
    (Facet.KIND, "类别", "Kind"),
    (Facet.FIELD, "技术领域", "Technical field"),
    (Facet.IPC, "国际专利分类", "IPC"),
    (Facet.REGION, "地区", "Region"),
    (Facet.INDUSTRY, "行业", "Industry"),
    (Facet.MATURITY, "技术就绪度", "Maturity"),
    (Facet.TRANSFER_MODE, "转化方式", "Transfer mode"),
    (Facet.PRICE_BAND, "价格", "Price"),
    (Facet.STAGE, "交易阶段", "Stage of trade"),
)
KINDS = {
    Kind.ACHIEVEMENT: ("科技成果", "Achievement"),
    Kind.LISTING: ("公开挂牌", "Listing"),
    Kind.DEMAND: ("技术需求", "Demand"),
}
BANDS = {
    "under_10w": ("10 万元以下", "below ¥100,000"),
    "10w_50w": ("10 万至 50 万元", "¥100,000 to ¥500,000"),
    "50w_100w": ("50 万至 100 万元", "¥500,000 to ¥1 million"),
    "100w_500w": ("100 万至 500 万元", "¥1 to 5 million"),
    "500w_1000w": ("500 万至 1000 万元", "¥5 to 10 million"),
    "from_1000w": ("1000 万元以上", "from ¥10 million"),
}
_LISTS = {
    Facet.FIELD: "technical_fields",
    Facet.REGION: "regions",
    Facet.INDUSTRY: "industries",
    Facet.TRANSFER_MODE: "transfer_modes",
    Facet.IPC: "ipc",
}


@router.get("/search")
async def search(
    visit: Visit, request: Request, q: str = "", sort: str = "relevance", offset: str = "0"
) -> Response:
    """What answers the words, and how it can be narrowed."""
    given = request.query_params
    chosen = {
        facet.value: [one for one in given.getlist(facet.value) if one][:MOST_VALUES]
        for facet, _, _ in FACETS
    }
    chosen[Facet.KIND] = [one for one in chosen[Facet.KIND] if one in set(Kind)]
    values: dict[str, Any] = {"q": q.strip()[:LONGEST], **chosen}
    asked = Question.model_construct(**values)
    ordered = Sort(sort) if sort in set(Sort) else Sort.RELEVANCE
    start = min(int(offset), MAX_HITS) if offset.isdecimal() and len(offset) < 6 else 0
    engines: Engines = request.app.state.search
    found = await queries.find(
        visit.session, engines, queries.query_of(asked, visit.actor, ordered, start, SHOWN)
    )
    kept = [(name, value) for name, values in chosen.items() for value in values]
    here = [("q", asked.q), *kept, ("sort", ordered.value)]
    return visit.page(
        "search.html",
        q=asked.q,
        sort=ordered.value,
        sorts=[(one.value, visit.t(zh, en)) for one, zh, en in SORTS],
        found=found,
        items=[_shown(one, visit.language) for one in found.items],
        groups=_groups(visit, found.facets, chosen),
        kept=kept,
        more=None
        if found.next_offset is None
        else "/search?" + urlencode([*here, ("offset", str(found.next_offset))]),
        api="/api/v1/search?" + urlencode(here),
        again="/search?" + urlencode(here),
        may_save=visit.has_role(*TRADES),
        alert_name="",
        alert_mail="",
    )


async def similar(
    visit: Visitor, kind: Kind, object_id: UUID, *, besides: UUID | None = None
) -> list[FoundView]:
    """Achievements that resemble an object of the market; none if it is not public."""
    engines: Engines = visit.request.app.state.search
    try:
        found = await queries.similar(visit.session, engines, visit.actor, kind, object_id)
    except NotFound:
        return []
    return [one for one in found.items if one.id != besides][:MOST_SIMILAR]


def _groups(visit: Visitor, facets: Any, chosen: dict[str, list[str]]) -> list[dict[str, Any]]:
    groups = []
    for facet, zh, en in FACETS:
        counts = {one.value: one.count for one in facets.get(facet.value, [])}
        for value in chosen[facet.value]:
            counts.setdefault(value, 0)
        values = [
            {
                "value": value,
                "name": value_name(facet, value, visit.language),
                "count": count,
                "chosen": value in chosen[facet.value],
            }
            for value, count in counts.items()
        ]
        if values:
            groups.append({"name": facet.value, "title": visit.t(zh, en), "choices": values})
    return groups


def value_name(facet: str, value: str, language: Language) -> str:
    """What a value of a facet is called."""
    known = words(language)
    if facet == Facet.KIND:
        return known.t(*KINDS[Kind(value)])
    if facet == Facet.PRICE_BAND:
        return known.t(*BANDS[value]) if value in BANDS else value
    if facet == Facet.MATURITY:
        return f"TRL {value}"
    if facet == Facet.STAGE:
        for domain in ("listing", "demand", "achievement"):
            name = known.t(*state_name(domain, value))
            if name != value:
                return name
        return value
    title = known.code(_LISTS[Facet(facet)], value)
    return f"{value} {title}" if facet == Facet.IPC and title != value else title


def _shown(item: FoundView, language: Language) -> dict[str, Any]:
    return {
        "view": item,
        "kind": words(language).t(*KINDS[item.kind]),
        "title": marked(item.title, item.highlights.get("title", [])),
        "summary": marked(item.summary, item.highlights.get("summary", [])),
        "page": item.links["page"],
    }


def marked(text: str, places: list[tuple[int, int]]) -> Markup:
    """A text whose places are marked."""
    parts, at = [], 0
    for start, end in places:
        parts += [escape(text[at:start]), Markup("<mark>{}</mark>").format(text[start:end])]
        at = end
    return Markup("").join([*parts, escape(text[at:])])
