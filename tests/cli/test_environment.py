"""A role reads the settings that `milepost up` was given."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from services.cli.environment import environment_of
from services.settings import (
    IngestSettings,
    KafkaSettings,
    SaslSettings,
    Settings,
)


def test_a_child_reads_the_same_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    sasl = SaslSettings(username="shop", password=SecretStr("p a%ss"))
    given = Settings(
        kafka=KafkaSettings(bootstrap="a:1,b:2", sasl=sasl, partitions=6),
        ingest=IngestSettings(port=0, spool_dir=Path("spool")),
        sources_file=Path("sources.yaml"),
    )

    for name, value in environment_of(given).items():
        monkeypatch.setenv(name, value)
    read = Settings()

    assert read.kafka == given.kafka
    assert read.ingest.port == 0
    assert read.ingest.spool_dir == tmp_path / "spool"
    assert read.sources_file == tmp_path / "sources.yaml"


def test_defaults_are_not_spelled_out() -> None:
    assert environment_of(Settings.model_construct()) == {}
