"""How alike two technologies and their deals are, part by part, each from 0 to 1."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from app.kit.search_terms import normalised
from app.pricing.approaches.parameters import ParameterSet

DAYS_OF_A_YEAR = 365.25
UNKNOWN = 0.5
"""For a readiness that one side does not state."""

_OTHER_MODE = 0.3
_OTHER_MANNER = 0.5
_OTHER_REGION = 0.5
_IPC_DEPTHS = (1, 3, 4)
_IPC_SCORES = (0.15, 0.35, 0.6, 0.8, 1.0)
_MOST_TEXT = 2_000
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Profile:
    """What is compared of a subject or of a past deal."""

    text: str
    technical_field: str
    ipc: tuple[str, ...]
    trl: int | None
    mode: str
    exclusive: bool
    region: str
    day: date


def bigrams(text: str) -> frozenset[str]:
    """Pairs of neighbouring characters of the beginning of a text: Chinese has no word breaks."""
    plain = normalised(text[:_MOST_TEXT])
    return frozenset(plain[at : at + 2] for at in range(len(plain) - 1))


def _depths(symbol: str) -> list[str]:
    """What a symbol is part of: section, class, subclass, main group, group."""
    plain = symbol.replace(" ", "")
    return [*(plain[:depth] for depth in _IPC_DEPTHS), plain.partition("/")[0] + "/", plain]


class Prepared:
    """Past deals with an index of their characters and symbols, so that many can be compared.

    A subject is then compared with all of them by a few operations over whole arrays.
    """

    def __init__(self, others: Sequence[tuple[str, Profile]]) -> None:
        self.keys = [key for key, _ in others]
        found = [profile for _, profile in others]
        self.size = len(found)
        self._fields = np.array([one.technical_field for one in found], dtype=np.str_)
        self._modes = np.array([one.mode for one in found], dtype=np.str_)
        self._regions = np.array([one.region[:2] for one in found], dtype=np.str_)
        self._exclusive = np.array([one.exclusive for one in found], dtype=np.bool_)
        self._trl = np.array([np.nan if one.trl is None else one.trl for one in found])
        self._days = np.array([one.day.toordinal() for one in found], dtype=np.int64)
        texts = [bigrams(one.text) for one in found]
        self._lengths = np.array([len(one) for one in texts], dtype=np.int64)
        self._texts = _index(texts)
        self._symbols = [
            _index([{_depths(symbol)[depth] for symbol in one.ipc} for one in found])
            for depth in range(len(_IPC_SCORES))
        ]

    def parts(self, subject: Profile, half_life_years: float) -> dict[str, Array]:
        """Every part from 0 to 1, to four places so that it is stored as it is used."""
        years = np.abs(subject.day.toordinal() - self._days) / DAYS_OF_A_YEAR
        found = {
            "field": (self._fields == subject.technical_field).astype(np.float64),
            "ipc": self._ipc(subject.ipc),
            "text": self._text(subject.text),
            "maturity": self._maturity(subject.trl),
            "mode": np.where(self._modes == subject.mode, 1.0, _OTHER_MODE),
            "exclusivity": np.where(self._exclusive == subject.exclusive, 1.0, _OTHER_MANNER),
            "region": np.where(self._regions == subject.region[:2], 1.0, _OTHER_REGION),
            "time": 0.5 ** (years / half_life_years),
        }
        return {name: np.round(values, 4) for name, values in found.items()}

    def _text(self, text: str) -> Array:
        """Dice's coefficient over the pairs of characters."""
        own = bigrams(text)
        hits = [self._texts[pair] for pair in own if pair in self._texts]
        shared = np.zeros(self.size)
        if hits:
            shared = np.bincount(np.concatenate(hits), minlength=self.size).astype(np.float64)
        shared *= 2
        shared /= np.maximum(1, self._lengths + len(own))
        return shared

    def _ipc(self, symbols: Sequence[str]) -> Array:
        """How deep the best pair of symbols agrees."""
        scores = np.zeros(self.size)
        for symbol in symbols:
            for known, name, score in zip(self._symbols, _depths(symbol), _IPC_SCORES, strict=True):
                if name not in known:
                    break
                places = known[name]
                scores[places] = np.maximum(scores[places], score)
        return scores

    def _maturity(self, trl: int | None) -> Array:
        if trl is None:
            return np.full(self.size, UNKNOWN)
        near: Array = 1 - np.abs(self._trl - trl) / 8
        near[np.isnan(near)] = UNKNOWN
        return near


def _index(sets: Sequence[Iterable[str]]) -> dict[str, npt.NDArray[np.int64]]:
    """Where each member occurs."""
    places: dict[str, list[int]] = {}
    for place, members in enumerate(sets):
        for member in members:
            places.setdefault(member, []).append(place)
    return {member: np.array(found, dtype=np.int64) for member, found in places.items()}


def nearest(
    subject: Profile, others: Prepared, parameters: ParameterSet
) -> list[tuple[str, Decimal, dict[str, float]]]:
    """Keys of the most similar others with their similarity and its parts, the nearest first.

    The similarity is the weighted mean of the parts; between equal ones the key decides.
    """
    if others.size == 0:
        return []
    by_part = others.parts(subject, float(parameters.half_life_years))
    whole = np.zeros(others.size)
    for name, weight in parameters.similarity_weights.items():
        whole += float(weight) * by_part[name]
    whole = np.round(whole, 4)
    near = np.flatnonzero(whole >= float(parameters.least_similarity)).tolist()
    near.sort(key=lambda place: (-whole[place], others.keys[place]))
    return [
        (
            others.keys[place],
            Decimal(f"{whole[place]:.4f}"),
            {name: float(values[place]) for name, values in by_part.items()},
        )
        for place in near[: parameters.most_comparables]
    ]
