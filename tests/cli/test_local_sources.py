"""Every channel has a source whose key the next start can print."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from services.cli.local.errors import LocalStackError
from services.cli.local_sources import ensure_sources, sources_file
from services.contracts.touchpoint import CHANNELS
from services.ingest.sources_file import (
    add_source,
    hash_of,
    list_sources,
    revoke_source,
    rotate_source,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_a_first_start_makes_a_source_for_each_channel(tmp_path: Path) -> None:
    made = ensure_sources(tmp_path)

    sources = {source.name: source for source in list_sources(sources_file(tmp_path))}
    assert tuple(key.channel for key in made) == CHANNELS
    assert all(hash_of(key.write_key) == sources[key.name].key_sha256 for key in made)
    assert sources["website"].origins == ("*",)
    assert sources["app"].origins == ()
    assert stat.S_IMODE((tmp_path / "write-keys.json").stat().st_mode) == 0o600


def test_a_second_start_has_the_same_keys(tmp_path: Path) -> None:
    assert ensure_sources(tmp_path) == ensure_sources(tmp_path)


def test_sources_of_the_user_stay(tmp_path: Path) -> None:
    add_source(sources_file(tmp_path), "shop", "website")

    made = ensure_sources(tmp_path)

    assert "shop" in {source.name for source in list_sources(sources_file(tmp_path))}
    assert "shop" not in {key.name for key in made}


def test_lost_keys_are_replaced(tmp_path: Path) -> None:
    before = ensure_sources(tmp_path)
    (tmp_path / "write-keys.json").write_text("not json")

    after = ensure_sources(tmp_path)

    assert [key.name for key in after] == [key.name for key in before]
    assert {key.write_key for key in after}.isdisjoint({key.write_key for key in before})


def test_revoked_and_rotated_sources_are_left_alone(tmp_path: Path) -> None:
    ensure_sources(tmp_path)
    revoke_source(sources_file(tmp_path), "phone")
    rotate_source(sources_file(tmp_path), "email")
    before = list_sources(sources_file(tmp_path))

    made = ensure_sources(tmp_path)

    assert list_sources(sources_file(tmp_path)) == before
    assert {key.name for key in made} == set(CHANNELS) - {"phone", "email"}


def test_a_broken_sources_file_is_one_clear_line(tmp_path: Path) -> None:
    sources_file(tmp_path).write_text("{")

    with pytest.raises(LocalStackError, match=r"sources\.json"):
        ensure_sources(tmp_path)
