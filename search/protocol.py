"""The protocol between the market and its search engines: documents, questions, answers.

Every engine keeps the rules that are written here; the contract tests in `tests/search` run on
each. An index is never the truth: it is made from the database, compared with it, and made again.
"""

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cached_property
from typing import Protocol

import orjson

MAX_HITS = 1000
"""An answer's pages end here; who needs more narrows the question."""
MAX_QUERY_CHARACTERS = 512
MAX_RANK_CHARACTERS = 20_000


class Kind(StrEnum):
    """What a document is about."""

    ACHIEVEMENT = "achievement"
    LISTING = "listing"
    DEMAND = "demand"


class Audience(StrEnum):
    """Who may see a document: everyone, or registered organisations alone."""

    PUBLIC = "public"
    MEMBERS = "members"


class Facet(StrEnum):
    """What answers are narrowed by and counted by. A document has any number of values of each."""

    KIND = "kind"
    FIELD = "field"
    IPC = "ipc"
    REGION = "region"
    INDUSTRY = "industry"
    MATURITY = "maturity"
    TRANSFER_MODE = "transfer_mode"
    PRICE_BAND = "price_band"
    STAGE = "stage"


class Sort(StrEnum):
    """The order of hits; documents without the value come last."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    PRICE = "price"
    PRICE_DOWN = "-price"
    CLOSING = "closing"


@dataclass(frozen=True)
class Document:
    """What is found, and what it is found by. Money in fen, times in seconds since 1970 UTC.

    `id` is made of letters, digits, `-` and `_`. Of two writes of one id the one with the higher
    `version` stays, in whatever order they arrive. `facets` has values of every level that a
    question may ask for (region 110000, 110100, 110108), the widest first.
    """

    id: str
    version: int
    title: str
    summary: str = ""
    keywords: tuple[str, ...] = ()
    kind: str = Kind.ACHIEVEMENT
    audience: str = Audience.PUBLIC
    facets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    price_fen: int | None = None
    published_at: int = 0
    closes_at: int | None = None

    @cached_property
    def digest(self) -> str:
        """Of all that can be found or shown, not of the version: equal means nothing to do."""
        names = (one.name for one in fields(self) if one.name != "version")
        content = {name: getattr(self, name) for name in names}
        return hashlib.blake2b(
            orjson.dumps(content, option=orjson.OPT_SORT_KEYS), digest_size=16
        ).hexdigest()


@dataclass(frozen=True)
class Query:
    """A question of a person.

    `text`: words that all have to occur, if any document has them all; without text, everything.
    `audiences`: what the asker may see; nothing else is in hits, counts or suggestions.
    `narrowed`: for each facet, values of which a document has one. `facets`: what to count.
    `ids`: these documents alone.
    """

    audiences: frozenset[str]
    text: str = ""
    narrowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    price_min_fen: int | None = None
    price_max_fen: int | None = None
    published_after: int | None = None
    ids: tuple[str, ...] | None = None
    sort: Sort = Sort.RELEVANCE
    offset: int = 0
    limit: int = 20
    facets: tuple[str, ...] = ()


Spans = tuple[tuple[int, int], ...]
"""Where words of the question stand in a text: starts and ends in characters, in order."""


@dataclass(frozen=True)
class Hit:
    """A document that answers; `spans` by `title` and `summary`. A higher score is better."""

    id: str
    score: float
    digest: str
    spans: Mapping[str, Spans]


@dataclass(frozen=True)
class Answer:
    """Hits in order, counts of the asked facets, the most frequent first.

    A facet is counted over all that answers; one that the question is narrowed by, over all that
    would without that, so that a person sees what else there is to choose. Of facets whose values
    are within one another the counts are of one level (`Definition.counted`).
    `total` is of all that answers; an engine may estimate it above MAX_HITS.
    """

    hits: tuple[Hit, ...]
    total: int
    facets: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class RankQuery:
    """A long text (a demand, an achievement) and the documents that resemble it, the best first.

    Any word may be missing; rare words count for more. `pool`: these ids alone, all of them that
    share a word with the text; without a pool, everything of `narrowed`.
    """

    audiences: frozenset[str]
    title: str
    text: str = ""
    pool: tuple[str, ...] | None = None
    narrowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    limit: int = 100


@dataclass(frozen=True)
class Ranked:
    """A document's resemblance: the score, and the words that made it with their parts of it."""

    id: str
    score: float
    terms: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Difference:
    """One setting of an index that differs from its definition."""

    setting: str
    present: object
    wanted: object


class EngineUnavailable(Exception):
    """The engine does not answer; the question may go to another one."""


class EngineRefused(Exception):
    """The engine answered with an error, or a task of it failed; `reason` says which."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Index(Protocol):
    """Documents of one index. Every method raises EngineUnavailable or EngineRefused."""

    async def write(self, documents: Sequence[Document]) -> None:
        """Add or replace; returns when it can be found. Older versions change nothing."""

    async def delete(self, ids: Sequence[str]) -> None:
        """Take away; ids that are not there are no error."""

    async def search(self, query: Query) -> Answer:
        """Answer a person's question."""

    async def rank(self, query: RankQuery) -> list[Ranked]:
        """The documents that resemble a text, the best first; equal scores by id."""

    async def suggest(self, query: Query) -> list[str]:
        """At most `limit` documents, no two of one title, whose titles what was typed (`text`) may
        become; by id, the likeliest first."""

    def digests(self) -> AsyncIterator[tuple[str, str]]:
        """(id, digest) of every document, by id in byte order."""

    async def count(self) -> int:
        """How many documents there are."""


class Engine(Index, Protocol):
    """A search engine: the index that answers, and how it is replaced without downtime."""

    @property
    def name(self) -> str:
        """`embedded` or `meilisearch`."""

    async def differences(self) -> list[Difference]:
        """Where the index that answers departs from the definition; everything if there is none."""

    def rebuilding(self) -> AbstractAsyncContextManager[Index]:
        """A new index by the definition. At the end of the block it replaces the one that answers,
        at once and whole; if the block raises, it is dropped and nothing has changed."""

    def scratch(self) -> AbstractAsyncContextManager[Index]:
        """An empty index by the definition for measurements, dropped at the end of the block."""
