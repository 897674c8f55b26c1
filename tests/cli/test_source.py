"""`milepost source` on a real sources file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner, Result

from services.cli.source import app, sources_path
from services.ingest.sources_file import hash_of, list_sources

if TYPE_CHECKING:
    from pathlib import Path


def run(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--data", str(data)])


def added(data: Path, name: str = "shop", channel: str = "website") -> dict[str, str]:
    result = run(data, "add", name, "--channel", channel, "--origin", "https://a.example", "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, str] = json.loads(result.stdout)
    return found


def test_a_key_is_printed_once_and_kept_hashed(tmp_path: Path) -> None:
    made = added(tmp_path)
    assert set(made) == {"name", "channel", "write_key"}
    file = tmp_path / "sources.json"
    assert made["write_key"] not in file.read_text()
    assert made["write_key"] not in run(tmp_path, "list").stdout
    (source,) = list_sources(file)
    assert (source.key_sha256, source.origins) == (
        hash_of(made["write_key"]),
        ("https://a.example",),
    )


def test_plain_output_is_the_key_alone_for_scripts(tmp_path: Path) -> None:
    result = run(tmp_path, "add", "calls", "--channel", "phone")
    (source,) = list_sources(tmp_path / "sources.json")
    assert hash_of(result.stdout.strip()) == source.key_sha256
    assert "shown only now" in result.stderr


def test_rotate_replaces_the_key_and_revoke_ends_it(tmp_path: Path) -> None:
    first = added(tmp_path)
    second = json.loads(run(tmp_path, "rotate", "shop", "--json").stdout)
    assert (second["name"], second["channel"]) == ("shop", "website")
    assert second["write_key"] != first["write_key"]
    assert run(tmp_path, "revoke", "shop").stdout == "shop is revoked\n"
    (listed,) = json.loads(run(tmp_path, "list", "--json").stdout)
    assert listed["revoked"] is True
    assert "revoked" in run(tmp_path, "list").stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("add", "shop", "--channel", "email"), "already has a source 'shop'"),
        (("add", "two", "--channel", "fax"), "website, app, email"),
        (("rotate", "other"), "no source 'other'"),
        (("revoke", "other"), "no source 'other'"),
    ],
)
def test_a_refusal_is_one_line(tmp_path: Path, arguments: tuple[str, ...], reason: str) -> None:
    added(tmp_path)
    result = run(tmp_path, *arguments)
    assert result.exit_code == 1
    assert reason in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_empty_list_says_how_to_begin(tmp_path: Path) -> None:
    assert "milepost source add" in run(tmp_path, "list").stdout
    assert run(tmp_path, "list", "--json").stdout == "[]\n"


def test_the_settings_name_the_file_unless_a_folder_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILEPOST_SOURCES_FILE", str(tmp_path / "s.yaml"))
    assert sources_path(None) == tmp_path / "s.yaml"
    assert sources_path(tmp_path) == tmp_path / "sources.json"


def test_what_a_source_may_tell_of_people_is_chosen_when_it_is_added(tmp_path: Path) -> None:
    options = ["--consent-required", "--honor-gpc", "--honor-dnt", "--keep-full-ip"]
    lists = ["--keep-property", "a", "--keep-property", "b", "--keep-trait", "c"]
    result = run(tmp_path, "add", "web", "--channel", "website", *options, *lists)
    assert result.exit_code == 0, result.output
    (source,) = list_sources(tmp_path / "sources.json")
    assert (source.consent_required, source.honor_gpc, source.honor_dnt) == (True, True, True)
    assert source.keep_full_ip
    assert (source.keep_properties, source.keep_traits) == (("a", "b"), ("c",))
    added(tmp_path)
    _, plain = json.loads(run(tmp_path, "list", "--json").stdout)
    assert (plain["honor_gpc"], plain["keep_full_ip"], plain["keep_properties"]) == (
        False,
        False,
        None,
    )
