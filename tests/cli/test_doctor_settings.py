"""`milepost doctor`: wrong, unknown and unreadable settings; packages that do not suit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from services.cli.doctor.finding import worst
from services.cli.doctor.given_settings import judge_names, judge_settings, read_place
from services.cli.doctor.packages import Installed, judge
from services.cli.endpoints import Endpoints, write_endpoints
from services.settings import Settings


def test_an_unknown_setting_is_told_with_the_name_that_was_meant() -> None:
    (found,) = judge_names({"MILEPOST_DATABASE__URLS": "x"})

    assert found.status == "warn"
    assert found.fix == "rename it to MILEPOST_DATABASE__URL"


def test_a_secret_given_twice_is_told() -> None:
    twice = {"MILEPOST_DATABASE__URL": "x", "MILEPOST_DATABASE__URL_FILE": "/run/url"}

    (found,) = judge_names(twice)

    assert "both set" in found.what


def test_an_unknown_setting_does_not_hide_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILEPOST_INGEST__SPOOL", "/tmp")
    monkeypatch.setenv("MILEPOST_DATABASE__URL", "postgresql://a@b/c")

    read = read_place(None)

    assert read.place is not None
    assert worst(read.findings) == "warn"


def test_a_secret_file_that_cannot_be_read_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MILEPOST_DATABASE__URL_FILE", str(tmp_path / "none"))
    monkeypatch.delenv("MILEPOST_DATABASE__URL", raising=False)

    read = read_place(None)

    assert read.place is None
    assert "cannot be read: No such file" in read.findings[0].what


def test_a_setting_out_of_its_bounds_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILEPOST_API__PORT", "99999")

    (found,) = read_place(None).findings

    assert found.status == "fail"
    assert found.what.startswith("MILEPOST_API__PORT: ")


def test_a_data_folder_over_which_nothing_runs_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("MILEPOST_DATABASE__URL", raising=False)

    (found,) = read_place(tmp_path).findings

    assert found.status == "fail"
    assert "milepost up --data" in found.fix


def test_the_settings_of_a_running_system_are_those_of_its_roles(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MILEPOST_KAFKA__PARTITIONS", "7")
    environment = {"MILEPOST_KAFKA__PARTITIONS": "3", "MILEPOST_WORKER__METRICS_PORT": "9"}
    running = Endpoints(
        os.getpid(), "http://i", "http://a", "k:1", "postgresql://d", (), environment
    )
    write_endpoints(tmp_path, running)

    place = read_place(tmp_path).place

    assert place is not None
    assert (place.settings.kafka.partitions, place.settings.worker.metrics_port) == (3, 9)
    assert (place.ingest, place.api) == ("http://i", "http://a")
    assert os.environ["MILEPOST_KAFKA__PARTITIONS"] == "7"


@pytest.mark.parametrize(
    ("group", "values", "status", "fix"),
    [
        ("kafka", {"security_protocol": "SASL_SSL"}, "fail", "MILEPOST_KAFKA__SASL__USERNAME"),
        ("kafka", {"sasl": {"username": "me"}}, "warn", "SECURITY_PROTOCOL to SASL_SSL"),
        ("kafka", {"ca_file": "/proc/none.pem"}, "fail", "certificate authority"),
        ("kafka", {"ca_file": "/proc/self/status"}, "fail", "certificate authority"),
        ("time", {"max_age_days": 500}, "warn", "MILEPOST_TIME__MAX_AGE_DAYS to 400"),
        ("watermark", {"lease_seconds": 4}, "fail", "MILEPOST_WATERMARK__LEASE_SECONDS"),
    ],
)
def test_settings_that_do_not_go_together_are_told(
    group: str, values: dict[str, object], status: str, fix: str
) -> None:
    (found,) = judge_settings(Settings.model_validate({group: values}))

    assert (found.status, fix in found.fix) == (status, True)


def test_the_defaults_go_together() -> None:
    assert list(judge_settings(Settings())) == []


@pytest.mark.parametrize(
    ("python", "package", "said"),
    [
        (">=3.11,<3.15", Installed("msgspec>=0.22", "0.22.1"), None),
        (">=3.13", Installed("msgspec>=0.22", "0.22.1"), "Python 3.12.4 runs"),
        (">=3.11", Installed("msgspec>=0.22", "0.9"), "msgspec 0.9 is installed"),
        (">=3.11", Installed("aiokafka<0.15,>=0.14", "0.15.0"), "aiokafka 0.15.0"),
        (">=3.11", Installed("sqlalchemy[asyncio]>=2.1", None), "sqlalchemy is not installed"),
    ],
)
def test_packages_that_do_not_suit_are_told(
    python: str, package: Installed, said: str | None
) -> None:
    (found,) = judge(python, (3, 12, 4), [package])

    assert (found.status == "ok") if said is None else (said in found.what)
