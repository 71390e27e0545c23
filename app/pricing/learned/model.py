"""A market model: what was learned from the offers up to a day, and what it says of one more.

All that an estimate needs is in its document: columns, trees, corrections, limits. The same
document gives the same fen, whatever version of NumPy or XGBoost is there: see `trees`.
"""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from hashlib import sha256
from typing import Any

import numpy as np

from app.kit.errors import Problem
from app.pricing.approaches.results import MOST_FEN
from app.pricing.errors import (
    BeyondTheModel,
    CategoryUnknown,
    MaturityUnseen,
    TooFewOfField,
    ValueTooLarge,
)
from app.pricing.learned import calibration, features, trees
from app.pricing.learned.calibration import Calibration
from app.pricing.learned.configuration import learning
from app.pricing.learned.features import Encoding
from app.pricing.learned.offers import Category, Offers
from app.pricing.learned.trees import UNIT, Forest, Units

FORMAT = "techmarket-market-model/1"
FIELD = "body.plan.learned"
_PRECISION = 34
_GROUP = 4096


@dataclass(frozen=True)
class Question:
    """A technology whose price is asked for; None is not stated."""

    field: str
    section: str | None
    mode: str
    ip_kind: str | None
    region: str | None
    seller: str | None
    exclusive: bool
    trl: int | None
    day: date


@dataclass(frozen=True)
class Prices:
    """An estimate in fen: its middle is the median, between low and high lie 80 of 100 prices."""

    low_fen: int
    middle_fen: int
    high_fen: int


@dataclass(frozen=True)
class Model:
    """What was learned; `first_day` to `last_day` are those of its offers."""

    rule_set: str
    seed: int
    library: str
    encoding: Encoding
    forest: Forest
    calibration: Calibration
    deals: int
    failed: int
    first_day: date
    last_day: date
    least_trl: int
    most_trl: int

    def refusal(self, asked: Question) -> Problem | None:
        """Why the model does not answer: what is asked for is not like what it has learned."""
        rules = learning(self.rule_set)
        of_field = self.encoding.counts["field"].get(asked.field, 0)
        if of_field < rules.least_of_field:
            return TooFewOfField(
                field=FIELD,
                technical_field=asked.field,
                found=of_field,
                needed=rules.least_of_field,
            )
        for name in features.DRIVING:
            value = getattr(asked, name)
            if value is not None and value not in self.encoding.counts[name]:
                return CategoryUnknown(
                    field=FIELD, name=name, given=value, needed=rules.least_of_category
                )
        if asked.trl is not None and not self.least_trl <= asked.trl <= self.most_trl:
            return MaturityUnseen(
                field=FIELD, given=asked.trl, least=self.least_trl, most=self.most_trl
            )
        beyond = (asked.day - self.last_day).days
        if beyond > rules.reach_days or asked.day < self.first_day:
            return BeyondTheModel(
                field=FIELD,
                given=asked.day.isoformat(),
                first=self.first_day.isoformat(),
                last=self.last_day.isoformat(),
                reach_days=rules.reach_days,
            )
        return None

    def estimates(self, offers: Offers) -> Units:
        """Low, middle and high of many offers in units of log prices, without asking support."""
        found = np.empty((len(offers), 3), dtype=np.int64)
        for begin in range(0, len(offers), _GROUP):
            part = offers.take(np.arange(begin, min(begin + _GROUP, len(offers))))
            values = np.sort(self.forest.values(features.matrix(part, self.encoding)), axis=1)
            found[begin : begin + _GROUP] = values + self.calibration.corrections(part)
        return np.sort(found, axis=1)

    def estimate(self, asked: Question) -> Prices:
        """The price in fen; raises the refusal where there is one, and ValueTooLarge."""
        refused = self.refusal(asked)
        if refused is not None:
            raise refused
        low, middle, high = self.estimates(offers_of([asked]))[0]
        return Prices(fen_of(low), fen_of(middle), fen_of(high))

    def document(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            "format": FORMAT,
            "rule_set": self.rule_set,
            "seed": self.seed,
            "library": self.library,
            "encoding": self.encoding.document(),
            "forest": self.forest.document(),
            "calibration": self.calibration.document(),
            "deals": self.deals,
            "failed": self.failed,
            "first_day": self.first_day.isoformat(),
            "last_day": self.last_day.isoformat(),
            "least_trl": self.least_trl,
            "most_trl": self.most_trl,
        }


def fen_of(units: Any) -> int:
    """The price of a logarithm in units, in whole fen: decimals, so that it is always the same."""
    with localcontext() as context:
        context.prec = _PRECISION
        price = (Decimal(int(units)) / UNIT).exp()
        if price > MOST_FEN:
            raise ValueTooLarge(field=FIELD, most=MOST_FEN)
        return int(price.to_integral_value(rounding=ROUND_HALF_UP))


def offers_of(asked: Sequence[Question]) -> Offers:
    """Questions as offers without a price."""
    nothing = np.full(len(asked), np.nan)
    return Offers(
        day=np.array([one.day.toordinal() for one in asked], dtype=np.int32),
        field=Category.of([one.field for one in asked]),
        section=Category.of([one.section for one in asked]),
        mode=Category.of([one.mode for one in asked]),
        ip_kind=Category.of([one.ip_kind for one in asked]),
        region=Category.of([one.region for one in asked]),
        seller=Category.of([one.seller for one in asked]),
        exclusive=np.array([one.exclusive for one in asked], dtype=np.bool_),
        trl=np.array([np.nan if one.trl is None else one.trl for one in asked]),
        bidders=np.full(len(asked), -1, dtype=np.int16),
        log_price=nothing,
        log_floor=nothing,
    )


def packed(model: Model) -> tuple[bytes, bytes]:
    """The stored bytes of a model, and the SHA-256 of the document in them."""
    document = json.dumps(
        model.document(), sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode()
    return zlib.compress(document, 9), sha256(document).digest()


def unpacked(artefact: bytes, digest: bytes) -> Model:
    """The model of stored bytes; raises ValueError if they are not what was stored."""
    document = zlib.decompress(artefact)
    if sha256(document).digest() != digest:
        raise ValueError("the stored model is not the one that was trained")
    found = json.loads(document)
    if found["format"] != FORMAT:
        raise ValueError(f"a model of the format {found['format']!r} cannot be read")
    return Model(
        rule_set=found["rule_set"],
        seed=found["seed"],
        library=found["library"],
        encoding=Encoding(found["encoding"]["counts"], found["encoding"]["first_day"]),
        forest=trees.stored(found["forest"]),
        calibration=calibration.stored(found["calibration"]),
        deals=found["deals"],
        failed=found["failed"],
        first_day=date.fromisoformat(found["first_day"]),
        last_day=date.fromisoformat(found["last_day"]),
        least_trl=found["least_trl"],
        most_trl=found["most_trl"],
    )
