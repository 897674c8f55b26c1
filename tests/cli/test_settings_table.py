"""The documented settings are the settings there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.cli.settings_table import names, table
from services.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_page_is_current() -> None:
    hint = "run: python -m services.cli.settings_table docs/settings.md"
    assert PAGE.read_text(encoding="utf-8") == table(), hint


def test_a_named_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "MILEPOST_KAFKA__SASL__USERNAME" in names()
    monkeypatch.setenv("MILEPOST_KAFKA__SASL__USERNAME", "shop")
    monkeypatch.setenv("MILEPOST_RETENTION__TIMELINE_DAYS", "30")
    settings = Settings()
    assert settings.kafka.sasl.username == "shop"
    assert settings.retention.timeline_days == 30
