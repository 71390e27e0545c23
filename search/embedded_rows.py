"""Documents as rows of the embedded engine.

Every document has one *set* of values of each facet: its regions, its fields. Few sets differ, so a
document keeps the numbers of its sets, and what a set holds stands once, in `facet_set`.
"""

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from search.definition import Definition, counted
from search.protocol import Document, Facet
from search.words import folded, pinyin, words

PINYIN = "~"
"""Stands before pinyin among the words, so that it is no word of a text."""
FACETS = tuple(facet.value for facet in Facet)
"""A document's sets are in this order."""
_PLACES = 16000
_NOTHING = 0
"""The number of the empty set."""


@lru_cache(maxsize=65536)
def set_number(facet: str, values: tuple[str, ...]) -> int:
    """The number of a set of values: 64 bits of a digest, so that it need not be looked up."""
    if not values:
        return _NOTHING
    content = "\n".join((facet, *values)).encode()
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big", signed=True)


def facets_of(document: Document) -> dict[str, tuple[str, ...]]:
    """All facets of a document, its kind among them."""
    found: dict[str, tuple[str, ...]] = {Facet.KIND.value: (str(document.kind),)}
    for name, values in document.facets.items():
        found[Facet(name).value] = tuple(dict.fromkeys(values))
    return found


def row(document: Document) -> dict[str, Any]:
    """A document as a row of the table."""
    terms: list[str] = []
    at = 0
    for weight, part in (
        ("A", document.title),
        ("B", "\n".join(document.keywords)),
        ("C", document.summary),
    ):
        for word in words(folded(part)):
            at = min(at + 1, _PLACES)
            terms.append(f"{quoted(word)}:{at}{weight}")
    length = len(terms)
    terms += [f"{quoted(PINYIN + one)}:{_PLACES}D" for one in pinyin(folded(document.title))]
    facets = facets_of(document)
    numbers = (str(set_number(name, facets.get(name, ()))) for name in FACETS)
    return {
        "id": document.id,
        "version": document.version,
        "audience": str(document.audience),
        "digest": document.digest,
        "title": document.title,
        "summary": document.summary,
        "sets": "{" + ",".join(numbers) + "}",
        "price_fen": document.price_fen,
        "published_at": document.published_at,
        "closes_at": document.closes_at,
        "length": length,
        "terms": " ".join(terms),
    }


def set_rows(documents: Iterable[Document], definition: Definition) -> dict[str, list[Any]]:
    """The sets of these documents as columns, each once, in the order of their numbers.

    `counted` are the values that answers count, parted by line ends, which no value has.
    """
    found = {
        set_number(name, values): (name, values)
        for document in documents
        for name, values in facets_of(document).items()
        if values
    }
    ordered = sorted(found.items())
    return {
        "number": [number for number, _ in ordered],
        "name": [name for _, (name, _) in ordered],
        "content": ["\n".join(values) for _, (_, values) in ordered],
        "counted": [
            "\n".join(counted(definition.counted, name, values)) for _, (name, values) in ordered
        ],
    }


def quoted(word: str) -> str:
    """A word as PostgreSQL reads it in a tsvector or tsquery."""
    escaped = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
