"""Settings as people give them: files for secrets, warnings for what is unknown."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.cli.given import load_settings, secrets_in_files, unknown_settings


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://someone@host/name\n")

    found = secrets_in_files({"MILEPOST_DATABASE__URL_FILE": str(file)})

    assert found == {"MILEPOST_DATABASE__URL": "postgresql://someone@host/name"}


def test_a_variable_that_is_no_setting_is_named_and_others_are_not() -> None:
    given = {"MILEPOST_KAFKA__BOOTSTRP": "", "MILEPOST_KAFKA__PARTITIONS": "3", "PATH": "/bin"}

    assert unknown_settings(given) == ["MILEPOST_KAFKA__BOOTSTRP"]


def test_a_wrong_value_says_which_setting_and_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MILEPOST_KAFKA__PARTITIONS", "many")

    with pytest.raises(SystemExit, match="2"):
        load_settings()

    assert "MILEPOST_KAFKA__PARTITIONS: Input should be a valid integer" in capsys.readouterr().err


def test_a_secret_s_file_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MILEPOST_KAFKA__SASL__PASSWORD_FILE", "/nowhere/password")

    with pytest.raises(SystemExit, match="2"):
        load_settings()

    assert "/nowhere/password cannot be read" in capsys.readouterr().err
