"""How alike two technologies and their deals are, part by part, each from 0 to 1."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from operator import add
from typing import NamedTuple

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


class Profile(NamedTuple):
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
    return frozenset(map(add, plain, plain[1:]))


@lru_cache(maxsize=100_000)
def _depths(symbol: str) -> tuple[str, ...]:
    """What a symbol is part of: section, class, subclass, main group, group."""
    plain = symbol.replace(" ", "")
    section, whole, sub = (plain[:depth] for depth in _IPC_DEPTHS)
    return section, whole, sub, plain.partition("/")[0] + "/", plain


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
        self._texts = [bigrams(one.text) for one in found]
        self._lengths = np.array([len(one) for one in self._texts], dtype=np.int64)
        self._pairs: _Places | None = None
        self._compared = False
        self._symbols = tuple(_Places() for _ in _IPC_SCORES)
        for place, one in enumerate(found):
            for symbol in one.ipc:
                for known, name in zip(self._symbols, _depths(symbol), strict=True):
                    known.add((name,), place)
        self._order = np.empty(self.size, dtype=np.int64)
        self._order[sorted(range(self.size), key=self.keys.__getitem__)] = np.arange(self.size)

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

    def best(self, whole: Array, least: float, most: int) -> list[int]:
        """Places of the highest values from `least` on; between equal ones the key decides."""
        near = np.flatnonzero(whole >= least)
        order = np.lexsort((self._order[near], -whole[near]))
        return [int(place) for place in near[order[:most]]]

    def _text(self, text: str) -> Array:
        """Dice's coefficient over the pairs of characters.

        The first subject is compared with each text; an index pays from the second one on.
        """
        own = bigrams(text)
        if self._compared:
            shared = self._indexed(own)
        else:
            self._compared = True
            both = map(len, map(own.__and__, self._texts))
            shared = np.fromiter(both, dtype=np.float64, count=self.size)
        shared *= 2
        shared /= np.maximum(1, self._lengths + len(own))
        return shared

    def _indexed(self, own: frozenset[str]) -> Array:
        """How many pairs each text shares with these."""
        if self._pairs is None:
            self._pairs = _Places()
            for place, pairs in enumerate(self._texts):
                self._pairs.add(pairs, place)
        hits = [places for pair in own if (places := self._pairs.of(pair)) is not None]
        if not hits:
            return np.zeros(self.size)
        return np.bincount(np.concatenate(hits), minlength=self.size).astype(np.float64)

    def _ipc(self, symbols: Sequence[str]) -> Array:
        """How deep the best pair of symbols agrees."""
        scores = np.zeros(self.size)
        for symbol in symbols:
            for known, name, score in zip(self._symbols, _depths(symbol), _IPC_SCORES, strict=True):
                places = known.of(name)
                if places is None:
                    break
                scores[places] = np.maximum(scores[places], score)
        return scores

    def _maturity(self, trl: int | None) -> Array:
        if trl is None:
            return np.full(self.size, UNKNOWN)
        near: Array = 1 - np.abs(self._trl - trl) / 8
        near[np.isnan(near)] = UNKNOWN
        return near


class _Places:
    """Where each member occurs; made an array when it is first asked for."""

    def __init__(self) -> None:
        self._lists: dict[str, list[int]] = {}
        self._arrays: dict[str, npt.NDArray[np.int64]] = {}

    def add(self, members: Iterable[str], place: int) -> None:
        """These members occur there."""
        lists = self._lists
        for member in members:
            if member in lists:
                lists[member].append(place)
            else:
                lists[member] = [place]

    def of(self, member: str) -> npt.NDArray[np.int64] | None:
        """The places of a member; None where it does not occur."""
        found = self._arrays.get(member)
        if found is None and member in self._lists:
            found = self._arrays[member] = np.array(self._lists[member], dtype=np.int64)
        return found


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
    places = others.best(whole, float(parameters.least_similarity), parameters.most_comparables)
    shown = {name: values[places].tolist() for name, values in by_part.items()}
    return [
        (
            others.keys[place],
            Decimal(f"{whole[place]:.4f}"),
            {name: values[at] for name, values in shown.items()},
        )
        for at, place in enumerate(places)
    ]
