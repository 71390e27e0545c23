"""The embedded PostgreSQL says why it does not start."""

from pathlib import Path
from time import monotonic

import pytest

from app.kit.embedded import START_TIMEOUT_S, EmbeddedPostgres


def test_a_server_that_gives_up_is_not_launched_for_two_minutes(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "pg", durable=False)
    server.start()
    server.stop()
    config = server.data_dir / "postgresql.conf"
    good = config.read_text()
    config.write_text(good + "\nwork_mem = 'a lot'\n")
    started = monotonic()
    with pytest.raises(RuntimeError, match=r"server\.log:\n(.*\n)*.*work_mem"):
        EmbeddedPostgres(server.data_dir, durable=False).start()
    assert monotonic() - started < START_TIMEOUT_S / 4
    log = (server.data_dir / "server.log").read_text()
    assert log.count("work_mem") == 3
    config.write_text(good)
    again = EmbeddedPostgres(server.data_dir, durable=False)
    again.start()
    assert again.has_database("postgres")
    again.stop()


def test_a_server_that_was_killed_is_started_again(tmp_path: Path) -> None:
    first = EmbeddedPostgres(tmp_path / "pg")
    first.start()
    first.create_database("kept")
    assert first._process is not None
    first._process.kill()
    first._process.wait()
    second = EmbeddedPostgres(tmp_path / "pg")
    second.start()
    assert second.has_database("kept")
    second.stop()
