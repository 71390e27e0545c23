"""A model of matching: weights of features, rarities of terms, and where both come from."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from search.matching.features import FEATURES, Floats, Need, Offers, Statistics
from search.matching.terms import Rarity

FORMAT = 1
PLAIN: Mapping[str, float] = {
    "char_title": 1.0,
    "char_all": 1.0,
    "pair_title": 1.0,
    "pair_all": 1.0,
    "pool_subject": 3.0,
}
"""Weights of a model that has learned nothing: four views of the words alike, and the common
subject of the candidates nearly as much as all of them."""


class BadModel(Exception):
    """A file is no model, or one of another format."""


@dataclass(frozen=True)
class Model:
    """`recipe` says how it was made: command, digests of the data, seed, measured quality."""

    weights: Mapping[str, float]
    statistics: Statistics
    recipe: Mapping[str, Any]

    @property
    def vector(self) -> Floats:
        """The weights in the order of `FEATURES`."""
        return np.array([self.weights.get(name, 0.0) for name in FEATURES])

    @property
    def version(self) -> str:
        """A digest of all that decides about scores."""
        return hashlib.blake2b(orjson.dumps(self._deciding()), digest_size=6).hexdigest()

    def scores(self, need: Need, texts: Sequence[str]) -> Floats:
        """Scores of candidates that were found for a need; comparable within this call alone."""
        return np.asarray(Offers(texts, self.statistics).features(need) @ self.vector)

    def _deciding(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "weights": {name: self.weights.get(name, 0.0) for name in FEATURES},
            "characters": _packed(self.statistics.characters),
            "pairs": _packed(self.statistics.pairs),
        }

    def dump(self) -> bytes:
        """As a file: the same model gives the same bytes."""
        content = {"version": self.version, "recipe": dict(self.recipe), **self._deciding()}
        return orjson.dumps(content) + b"\n"


def _packed(rare: Rarity) -> dict[str, Any]:
    terms = sorted(rare.counts)
    return {
        "documents": rare.documents,
        "terms": terms,
        "counts": [rare.counts[term] for term in terms],
    }


def _rarity(packed: Mapping[str, Any]) -> Rarity:
    counts = dict(zip(packed["terms"], packed["counts"], strict=True))
    return Rarity(packed["documents"], counts)


def parse(data: bytes) -> Model:
    """Read a model file; raises BadModel."""
    try:
        content = orjson.loads(data)
        if content["format"] != FORMAT:
            raise BadModel(f"format {content['format']}, this program reads {FORMAT}")
        model = Model(
            {name: float(content["weights"][name]) for name in FEATURES},
            Statistics(_rarity(content["characters"]), _rarity(content["pairs"])),
            content["recipe"],
        )
    except (ValueError, TypeError, KeyError) as error:
        raise BadModel(f"not a model of matching: {error!r}") from None
    if content.get("version") != model.version:
        raise BadModel("the version does not fit the content: the file was changed by hand")
    return model


def load(path: Path) -> Model:
    """Read a model file; raises BadModel or OSError."""
    return parse(path.read_bytes())


@cache
def shipped() -> Model:
    """The model of the package: plain weights, rarities of published papers."""
    return parse(resources.files("search.matching").joinpath("plain.json").read_bytes())
