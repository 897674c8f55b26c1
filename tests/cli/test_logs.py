"""What our own code and the libraries log is one JSON object per line."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from services.cli.logs import configure_logging
from services.settings import LogSettings


@pytest.fixture
def as_at_the_start() -> Iterator[None]:
    """Logging as a new process has it, and so again whatever comes of the test."""
    # A verb run by another test in this process may have silenced it.
    logging.getLogger("aiokafka").setLevel(logging.NOTSET)
    yield
    structlog.reset_defaults()
    logging.basicConfig(force=True)


@pytest.mark.usefixtures("as_at_the_start")
def test_every_line_is_json_whoever_logs(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings(format="json"))
    structlog.get_logger().info("ours", partition=3)
    logging.getLogger("aiokafka").error("theirs %s", "failed")
    logging.getLogger("aiokafka").info("too quiet to be heard")

    ours, theirs = map(json.loads, capsys.readouterr().err.splitlines())

    assert (ours["event"], ours["partition"], ours["level"]) == ("ours", 3, "info")
    assert (theirs["event"], theirs["logger"]) == ("theirs failed", "aiokafka")
