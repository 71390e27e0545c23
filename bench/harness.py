"""What the benchmarks share: how a figure is printed, and where its market runs."""

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from app.kit import migrate
from app.kit.embedded import EmbeddedPostgres


def figure(
    name: str,
    value: float,
    unit: str,
    *,
    baseline: tuple[str, float],
    peak_mib: float | None = None,
    higher_is_better: bool = True,
) -> None:
    """Print one figure as a JSON line: its ratio to a baseline that the same run measured.

    The ratio is better when larger: value over baseline, or baseline over value for times.
    """
    baseline_name, baseline_value = baseline
    ratio = value / baseline_value if higher_is_better else baseline_value / value
    print(
        json.dumps(
            {
                "name": name,
                "value": round(value, 3),
                "unit": unit,
                "baseline": {"name": baseline_name, "value": round(baseline_value, 3)},
                "ratio": round(ratio, 4),
                "peak_mib": round(own_mib() if peak_mib is None else peak_mib, 1),
            },
            ensure_ascii=False,
        ),
        flush=True,
    )


def own_mib() -> float:
    """Resident memory of this process in MiB."""
    return float(psutil.Process().memory_info().rss) / 2**20


@contextmanager
def scratch_database() -> Iterator[str]:
    """The address of a migrated, durable database that is gone afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="tm-bench-"))
    server = EmbeddedPostgres(directory / "pg")
    server.start()
    try:
        migrate.upgrade(server.url())
        yield server.url()
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)


def say(text: str) -> None:
    """A remark beside the figures."""
    print(text, file=sys.stderr, flush=True)
