"""Stated probabilities of a sale come true, on a simulated market; full size is in `bench`."""

from bench.sale_probability import measured


def test_calibrated_probabilities_come_true_on_the_simulated_market() -> None:
    """586 auctions after those that were learned from; ten bins of equal width."""
    found = measured(6_000)
    assert found.auctions > 500
    assert 0.2 < 1 - found.sold < 0.3
    assert found.calibrated < 0.05
    assert found.calibrated < found.stated
    # Not only right on average: nearer to each auction's true probability than one share for all.
    assert found.distance < 0.75 * found.naive_distance
