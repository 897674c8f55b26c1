"""`milepost doctor`: sources, tokens, journeys and spools that are wrong, each with its fix."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from services.cli.doctor import files, sources, spool
from services.cli.doctor.examine import Check, UnreachableError, examine, in_thread
from services.cli.doctor.finding import Finding, ok
from services.ingest.disk import Folder
from services.ingest.hooks.options import SecretRef, Webhook
from services.ingest.instance import Instance
from services.ingest.sources_file import Hook, add_source, revoke_source
from services.ingest.spool import Spool
from services.settings import ApiSettings, IngestSettings, Settings


def one_fault(found: list[Finding], status: str, said: str, fix: str) -> None:
    """There is one line that is not ok, and it says so."""
    (fault,) = [one for one in found if one.status not in ("ok", "skip")]
    assert fault.status == status
    assert said in fault.what
    assert fix in fault.fix


def test_good_sources_are_ok(tmp_path: Path) -> None:
    file = tmp_path / "sources.json"
    add_source(file, "web", "website", origins=("https://shop.example",))

    (found,) = sources.look(file)

    assert found.status == "ok"


@pytest.mark.parametrize(
    ("origin", "is_told"),
    [
        ("https://shop.example", False),
        ("http://localhost:3000", False),
        ("capacitor://localhost", False),
        ("*", False),
        ("https://shop.example/", True),
        ("shop.example", True),
        ("https://Shop.example", True),
        ("https://shop.example:443", True),
    ],
)
def test_an_origin_that_no_browser_has_is_told(tmp_path: Path, origin: str, is_told: bool) -> None:
    file = tmp_path / "sources.json"
    add_source(file, "web", "website", origins=(origin,))

    found = sources.look(file)

    if is_told:
        one_fault(found, "warn", f"no browser names itself {origin!r}", "https://shop.example")
    else:
        assert [one.status for one in found] == ["ok"]


def test_a_sources_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    one_fault(sources.look(tmp_path), "fail", str(tmp_path), "mend the file")


def test_no_sources_file_is_told(tmp_path: Path) -> None:
    one_fault(sources.look(None), "fail", "is not set", "MILEPOST_SOURCES_FILE")
    one_fault(sources.look(tmp_path / "none.json"), "fail", "is not there", "source add")


def test_a_broken_sources_file_is_told(tmp_path: Path) -> None:
    file = tmp_path / "sources.json"
    file.write_text('{"sources": [{"name": "web"}]}')

    one_fault(sources.look(file), "fail", "missing required field", "mend the file")


def test_a_sources_file_without_sources_is_told(tmp_path: Path) -> None:
    file = tmp_path / "sources.json"
    add_source(file, "app", "app")
    revoke_source(file, "app")

    one_fault(sources.look(file), "fail", "no source that is not revoked", "source add")


def test_a_website_without_origins_is_told(tmp_path: Path) -> None:
    file = tmp_path / "sources.json"
    add_source(file, "web", "website")

    one_fault(sources.look(file), "warn", "lists no origins", "https://shop.example")


@pytest.mark.parametrize(
    ("hook", "said"),
    [
        (Hook("sendgrid"), "no secret of sendgrid is given"),
        (Hook("ses"), "no topic of Amazon SNS"),
        (Hook("resend", Webhook(secrets=(SecretRef(env="NOT_SET_AT_ALL"),))), "is not set here"),
        (Hook("resend", Webhook(secrets=(SecretRef(file="/proc/none"),))), "cannot be read"),
        (Hook("carrier-pigeon"), "is no provider that is known"),
    ],
)
def test_a_webhook_that_cannot_be_verified_is_told(tmp_path: Path, hook: Hook, said: str) -> None:
    file = tmp_path / "sources.json"
    add_source(file, "mail", "email", hook)

    one_fault(sources.look(file), "fail", said, "")


def test_a_provider_that_signs_its_url_needs_the_public_one(tmp_path: Path) -> None:
    file = tmp_path / "sources.json"
    hook = Hook("mandrill", Webhook(secrets=(SecretRef(value="s3cret"),)))
    add_source(file, "mail", "email", hook)

    one_fault(sources.look(file), "warn", "signs its URL", "MILEPOST_INGEST__PUBLIC_URL")
    assert sources.look(file, "https://in.shop.example")[0].status == "ok"


def test_secrets_that_others_may_read_are_told(tmp_path: Path) -> None:
    file = tmp_path / "sources.json"
    add_source(file, "mail", "email", Hook("resend", Webhook(secrets=(SecretRef(value="s3cret"),))))
    file.chmod(0o644)

    one_fault(sources.look(file), "warn", "others may read it (mode 644)", "chmod 600")


@pytest.mark.parametrize(
    ("text", "mode", "host", "status", "said"),
    [
        (None, 0, "127.0.0.1", "ok", "only this machine"),
        (None, 0, "0.0.0.0", "warn", "no tokens file"),
        ("short read", 0o600, "0.0.0.0", "fail", "at least 16 characters"),
        ("0123456789abcdef read", 0o644, "0.0.0.0", "warn", "mode 644"),
        ("0123456789abcdef read", 0o600, "0.0.0.0", "ok", "1 tokens"),
    ],
)
def test_tokens_are_judged(
    tmp_path: Path, text: str | None, mode: int, host: str, status: str, said: str
) -> None:
    file = None
    if text is not None:
        file = tmp_path / "tokens"
        file.write_text(text)
        file.chmod(mode)

    (found,) = files.tokens(Settings(api=ApiSettings(host=host, tokens_file=file)))

    assert (found.status, said in found.what) == (status, True)


def test_a_journey_that_is_wrong_is_told(tmp_path: Path) -> None:
    file = tmp_path / "journey.yaml"
    file.write_text("journey: [")

    one_fault(files.journey(file), "fail", "journey.yaml:1", "milepost journey check")


def test_no_spool_and_a_spool_of_no_bytes_are_told(tmp_path: Path) -> None:
    none = IngestSettings(spool_dir=tmp_path, spool_bytes_max=0)

    one_fault(spool.look(IngestSettings()), "warn", "refused (503)", "MILEPOST_INGEST__SPOOL_DIR")
    one_fault(spool.look(none), "warn", "SPOOL_BYTES_MAX is 0", "bytes")


def test_a_spool_that_is_no_folder_is_told(tmp_path: Path) -> None:
    file = tmp_path / "spool"
    file.touch()

    found = spool.look(IngestSettings(spool_dir=file))

    one_fault(found, "fail", "is no folder", "mode 700")
    assert [one.status for one in found[1:]] == ["skip", "skip"]


@pytest.mark.parametrize(
    ("mode", "disk", "status", "said"),
    [(0o777, "ext4", "warn", "mode 777"), (0o700, "tmpfs", "fail", "in memory (tmpfs)")],
)
def test_a_folder_that_is_open_or_in_memory_is_told(
    mode: int, disk: str, status: str, said: str
) -> None:
    (found,) = spool.judge_folder(Path("/spool"), mode, disk)

    assert (found.status, said in found.what) == (status, True)


def test_the_disk_of_a_folder_is_that_of_the_nearest_mount(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\ntmpfs {tmp_path.parent} tmpfs rw 0 0\n")

    assert spool.disk_of(tmp_path, mounts) == "tmpfs"
    assert spool.disk_of(Path("/usr"), mounts) == "ext4"


def test_a_disk_without_room_is_told() -> None:
    ingest = IngestSettings(spool_bytes_max=1000, workers=2)

    short = spool.judge_room(Path("/spool"), 1500, 100, ingest)

    assert short.status == "warn"
    assert short.fix.endswith("at most 800")
    assert spool.judge_room(Path("/spool"), 1900, 100, ingest).status == "ok"


def test_a_full_disk_is_told() -> None:
    ingest = IngestSettings(spool_bytes_max=1000)

    one_fault([spool.judge_room(Path("/spool"), 0, 9000, ingest)], "fail", "(503)", "make room")


def test_records_that_wait_and_folders_that_nobody_serves_are_told(tmp_path: Path) -> None:
    lost = tmp_path / "worker-1"
    for folder in (tmp_path / "worker-0", lost):
        instance = Instance(folder)
        instance.set_live(live=True)
        instance.close()
    Spool(Folder(lost)).append([(1, b"one"), (2, b"two")])
    (lost / "x.damaged").touch()

    found = spool.look(IngestSettings(spool_dir=tmp_path, workers=1))

    said = " ".join(one.what for one in found)
    assert f"no ingest serves {lost}" in said
    assert "2 records" in said
    assert "1 files were set aside" in said


async def test_a_check_that_hangs_or_breaks_hides_no_other() -> None:
    async def breaks() -> list[Finding]:
        raise ZeroDivisionError

    async def away() -> list[Finding]:
        raise UnreachableError("nobody answers", "start it")

    def hang() -> list[Finding]:
        os.read(reading, 1)
        return []

    reading, writing = os.pipe()
    found = await examine(
        [
            Check("hangs", lambda: in_thread(hang), "look at the disk", seconds_max=0.05),
            Check("breaks", breaks, "tell us"),
            Check("away", away, "unused", ("after",)),
            Check("good", lambda: in_thread(lambda: [ok("good", "well")]), ""),
        ]
    )
    os.close(writing)

    lines = [(one.check, one.status, one.fix) for one in found]
    assert lines == [
        ("hangs", "fail", "look at the disk"),
        ("breaks", "fail", "tell us"),
        ("away", "fail", "start it"),
        ("after", "skip", ""),
        ("good", "ok", ""),
    ]


def test_a_file_of_segments_with_a_fault_is_told_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "segments.yaml"
    file.write_text("segments: [{name: vip, when: {stage: purchase}}]", "utf-8")
    assert [one.status for one in files.segments(file)] == ["ok"]

    file.write_text("segments: [{name: vip}]", "utf-8")
    one_fault(files.segments(file), "fail", f"{file}:1:12: when is missing", "docs/segments.md")
    one_fault(files.segments(tmp_path / "none"), "fail", "cannot be read", "mend it")
