"""Verbs that prepare the servers, when a server is away or lets nobody in: a line, exit code 3."""

from __future__ import annotations

import os
import subprocess
import sys
from urllib.parse import urlsplit


def run(verb: str, **settings: str) -> tuple[int, list[str]]:
    done = subprocess.run(
        [sys.executable, "-m", "services", verb],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | settings,
    )
    return done.returncode, (done.stdout + done.stderr).splitlines()


def test_a_broker_that_is_away_is_one_line() -> None:
    said = (
        "Kafka at 127.0.0.1:1: nothing answers there; check MILEPOST_KAFKA__BOOTSTRAP and the"
        " rights of its user"
    )
    assert run("topics", MILEPOST_KAFKA__BOOTSTRAP="127.0.0.1:1") == (3, [said])


def test_a_user_whom_the_database_does_not_know_is_one_line(database_url: str) -> None:
    given = urlsplit(database_url)
    url = given._replace(netloc=f"nobody:wrong@{given.hostname}:{given.port}").geturl()
    code, said = run("migrate", MILEPOST_DATABASE__URL=url)
    assert (code, len(said)) == (3, 1)
    assert 'cannot be migrated: password authentication failed for user "nobody"' in said[0]
