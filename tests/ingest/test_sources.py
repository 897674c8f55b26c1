"""The sources file: keys told once, changes seen at once, mistakes survived."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from services.ingest.hooks.options import SecretRef, Webhook
from services.ingest.sources import Sources
from services.ingest.sources_file import (
    Hook,
    SourcesFileError,
    add_source,
    list_sources,
    revoke_source,
    rotate_source,
)

ENDINGS = pytest.mark.parametrize("name", ["sources.json", "sources.yaml"])


def broken(sources: Sources) -> bool:
    """Asked anew each time: the file changes in between."""
    return sources.is_broken


@ENDINGS
def test_a_key_is_shown_once_and_kept_as_a_hash(tmp_path: Path, name: str) -> None:
    path = tmp_path / "deep" / name
    source, key = add_source(path, "web", "website", origins=["https://a.b"])
    assert key not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert list_sources(path) == [source]
    assert Sources(path).find(key.encode()) == source


@ENDINGS
def test_a_rotated_key_replaces_the_old_one(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    _, old = add_source(path, "web", "website")
    add_source(path, "app", "app", Hook("twilio"))
    sources = Sources(path)
    new = rotate_source(path, "web")
    sources.refresh()
    assert sources.find(old.encode()) is None
    found = sources.find(new.encode())
    assert found is not None
    assert found.name == "web"


def test_a_revoked_source_is_listed_and_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "sources.json"
    _, key = add_source(path, "web", "website", origins=["*"])
    sources = Sources(path)
    assert sources.any_lists("https://any.where")
    revoke_source(path, "web")
    sources.refresh()
    assert sources.find(key.encode()) is None
    assert not sources.any_lists("https://any.where")
    assert [source.revoked for source in list_sources(path)] == [True]


def test_a_file_with_secrets_that_others_may_read_is_warned_of(tmp_path: Path) -> None:
    path = tmp_path / "sources.json"
    webhook = Webhook(secrets=(SecretRef(value="hidden"),))
    add_source(path, "mails", "email", Hook("mailgun", webhook))
    for mode, expected in ((0o600, []), (0o640, ["sources_file_open"])):
        path.chmod(mode)
        with capture_logs() as logs:
            Sources(path)
        assert [one["event"] for one in logs if one["log_level"] == "warning"] == expected
        assert "hidden" not in str(logs)


def test_a_new_key_is_known_without_waiting_for_a_look(tmp_path: Path) -> None:
    path = tmp_path / "sources.json"
    sources = Sources(path)
    assert sources.find(b"x" * 20) is None
    sources.look_again()
    _, key = add_source(path, "web", "website")
    assert sources.find(key.encode()) is not None


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"sources": 1}',
        '{"sources": [{"name": "x"}]}',
        '{"others": []}',
        "[]",
        "",
        "\x00",
        "[" * 5000,
    ],
)
def test_a_broken_file_leaves_the_last_good_sources(tmp_path: Path, text: str) -> None:
    path = tmp_path / "sources.json"
    _, key = add_source(path, "web", "website")
    sources = Sources(path)
    path.write_text(text)
    sources.refresh()
    assert broken(sources)
    assert sources.find(key.encode()) is not None
    with pytest.raises(SourcesFileError, match=r"sources\.json"):
        list_sources(path)
    path.write_text('{"sources": []}')
    sources.refresh()
    assert not broken(sources)
    assert sources.find(key.encode()) is None


def test_a_broken_yaml_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text("sources:\n  - name: [\n")
    with pytest.raises(SourcesFileError, match="line"):
        list_sources(path)


@pytest.mark.parametrize("name", ["", "Web", "a b", "x" * 65, "-a", "a:b"])
def test_names_are_plain(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourcesFileError, match="name"):
        add_source(tmp_path / "sources.json", name, "website")


def test_names_are_taken_once_and_must_exist(tmp_path: Path) -> None:
    path = tmp_path / "sources.json"
    add_source(path, "web", "website")
    with pytest.raises(SourcesFileError, match="already"):
        add_source(path, "web", "app")
    for change in (rotate_source, revoke_source):
        with pytest.raises(SourcesFileError, match="no source"):
            change(path, "mail")


def test_two_sources_with_one_key_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "sources.json"
    source = {"name": "a", "channel": "app", "key_sha256": "0"}
    path.write_text(json.dumps({"sources": [source, source | {"name": "b"}]}))
    with pytest.raises(SourcesFileError, match="key_sha256"):
        list_sources(path)


def test_no_file_is_no_sources(tmp_path: Path) -> None:
    assert Sources(None).find(b"x" * 20) is None
    assert Sources(tmp_path / "none.json").find(b"x" * 20) is None


def test_writers_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "sources.json"
    threads = [threading.Thread(target=add_source, args=(path, f"s{n}", "app")) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {source.name for source in list_sources(path)} == {f"s{n}" for n in range(8)}
    assert not [name for name in path.parent.iterdir() if name.suffix == f".{os.getpid()}"]
