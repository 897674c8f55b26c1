"""`milepost doctor`: wrong, unknown and unreadable settings; packages that do not suit."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.cli.doctor.finding import worst
from services.cli.doctor.given_settings import judge_names, read_place
from services.cli.doctor.packages import Installed, judge


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
