"""What other modules ask of the standard."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import WithJsonSchema

from app.standard import rules
from app.standard.anonymity import identifying
from app.standard.errors import NotAnonymous, ProfileInvalid, as_fault
from app.standard.publication import (
    Publication,
    PublicationRules,
    last_day,
    publication,
    rules_of,
)
from app.standard.rules import (
    CURRENT,
    VERSIONS,
    Completeness,
    Side,
    completeness,
    schema,
    side_of,
    tidied,
    types_of,
)

__all__ = [
    "CURRENT",
    "VERSIONS",
    "Completeness",
    "ProfileChange",
    "ProfileDocument",
    "Publication",
    "PublicationRules",
    "Side",
    "checked",
    "completeness",
    "last_day",
    "publication",
    "require_anonymous",
    "rules_of",
    "schema",
    "side_of",
    "tidied",
    "types_of",
]

ProfileDocument = Annotated[
    dict[str, Any],
    WithJsonSchema({k: v for k, v in schema().items() if k not in {"$schema", "$id"}}),
]
"""A profile on the wire; its shape is the published schema itself, which `checked` reads."""

ProfileChange = Annotated[
    dict[str, Any],
    WithJsonSchema({"type": "object", "propertyNames": {"enum": list(schema()["properties"])}}),
]
"""Members of a profile to be changed; null removes one."""


def checked(document: Mapping[str, Any], *, prefix: str = "body.") -> dict[str, Any]:
    """The document as it is stored, if it keeps to the standard; raises ProfileInvalid."""
    plain = tidied(document)
    found = rules.faults(plain)
    if found:
        raise ProfileInvalid(found, prefix=prefix)
    return plain


def require_anonymous(
    document: Mapping[str, Any], names: Iterable[str], *, prefix: str = "body."
) -> None:
    """Raise NotAnonymous if a document tells who is behind it.

    `names` are those of the organisation and of its people, its address and its contact.
    """
    found = identifying(rules.texts(document), names)[: rules.SHOWN_FAULTS]
    if found:
        raise NotAnonymous([as_fault(finding) for finding in found], prefix=prefix)
