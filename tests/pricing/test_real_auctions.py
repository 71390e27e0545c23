"""The learner on real auctions of other things, and the shipped relist curve from its data.

There is no public data set of technology deal prices. The settings were chosen on the validation
part (`bench.real_auctions` chooses them again); these tests look at the test part.
"""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.cli_guidance import read
from app.pricing.guidance import relisting
from bench import real_auctions
from bench.real_auctions import CHOSEN, ebay, held_out, taiwanese

SESSIONS = real_auctions.DATA / "relist.csv"


def test_taiwanese_awards_are_covered_and_the_naive_quantiles_are_beaten() -> None:
    """117 auctions from May 2024 on, each from those that were opened before its bidding began."""
    sales = taiwanese()
    assert len(sales) == 583  # of 590: seven were called off
    found = held_out(sales, CHOSEN)
    assert found["learner"].auctions == 117
    assert 0.75 <= found["learner"].coverage <= 0.85
    assert found["learner"].pinball < 0.7 * found["naive"].pinball
    assert found["of_group"].coverage < 0.7
    # By pinball loss alone the quantiles of the group are as good: most of the gain is the group.
    assert found["learner"].pinball == pytest.approx(found["of_group"].pinball, rel=0.05)


def test_ebay_prices_within_the_type_of_item() -> None:
    """39 auctions only: coverage is known to about six points."""
    found = held_out(ebay(), {})
    assert found["learner"].auctions == 39
    assert 0.7 <= found["learner"].coverage <= 0.95
    assert found["learner"].pinball < 0.7 * found["naive"].pinball


def test_the_shipped_curve_follows_from_its_data_by_its_recipe(tmp_path: Path) -> None:
    shipped = relisting.latest()
    out = tmp_path / "curve.json"
    options = {
        "--data": str(SESSIONS),
        "--out": str(out),
        "--code": shipped.code,
        "--origin": shipped.origin,
        "--licence": shipped.licence,
    }
    command = ["pricing", "learn-relist", *(part for pair in options.items() for part in pair)]
    for _ in range(2):  # the same code takes the place of the one before
        done = CliRunner().invoke(cli, command)
        assert done.exit_code == 0
    assert [relisting.RelistCurve.model_validate(one) for one in json.loads(out.read_text())] == [
        shipped
    ]
    assert (shipped.cases, shipped.sold, shipped.products) == (539, 275, 25)
    # Plainly: how far a price was cut told little of whether it sold.
    assert 0 < shipped.evaluation.gain < 2 * shipped.evaluation.gain_error
    assert shipped.evaluation.error < 0.05


def test_a_file_without_enough_relistings_is_refused(tmp_path: Path) -> None:
    few = tmp_path / "few.csv"
    few.write_text("\n".join(SESSIONS.read_text("utf-8").splitlines()[:40]), "utf-8")
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n", "utf-8")
    out = tmp_path / "curve.json"
    rest = ["--out", str(out), "--code", "X", "--origin", "x", "--licence", "x"]
    for path, words in ((few, "at least 60 are needed"), (other, "productid")):
        done = CliRunner().invoke(cli, ["pricing", "learn-relist", "--data", str(path), *rest])
        assert done.exit_code == 1
        assert words in done.output
        assert not out.exists()
    assert len(list(read(few))) == 39
