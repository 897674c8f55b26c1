"""The disk spool's folder: writable, ours alone, room for what it may hold, nobody's leftovers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from services.cli.doctor.finding import Finding, fail, ok, or_ok, skips, warn
from services.ingest.spool_folder import WORKER_FOLDER, unserved
from services.ingest.spool_look import Lying, look_into
from services.settings import IngestSettings

FOLDER = "spool folder"
ROOM = "spool room"
CONTENT = "spool content"
CHECKS = (FOLDER, ROOM, CONTENT)
FREE_BYTES_MIN = 16 << 20  # less than one file of the spool
_WRITABLE = 0o022
_MEMORY = frozenset({"tmpfs", "ramfs"})
_MOUNTS = Path("/proc/self/mounts")


class Lies(NamedTuple):
    """One folder of an ingest process and what lies in it."""

    folder: Path
    content: Lying
    is_served: bool


def look(ingest: IngestSettings) -> list[Finding]:
    """What is to be said of the folder that the settings name."""
    folder = ingest.spool_dir
    if folder is None:
        what = (
            "none: while Kafka is away events are refused (503), and each start is a new instance"
        )
        fix = "set MILEPOST_INGEST__SPOOL_DIR to a folder on a disk that outlives the process"
        return [warn(FOLDER, what, fix)]
    if not ingest.spool_bytes_max:
        what = "MILEPOST_INGEST__SPOOL_BYTES_MAX is 0: while Kafka is away events are refused (503)"
        return [warn(FOLDER, what, "set it to the bytes that the disk can spare")]
    try:
        found = _of_folder(folder)
        if any(one.status == "fail" for one in found) or not folder.exists():
            return [*found, *skips(CHECKS[1:], f"needs what `{FOLDER}` has not")]
        lies = list(_lies(folder, ingest.workers if ingest.workers > 1 else 0))
    except OSError as error:
        what = f"{error.filename or folder} cannot be read: {error.strerror}"
        return [fail(FOLDER, what, "run this as the user of ingest, or give it the folder")]
    free = shutil.disk_usage(folder).free
    used = sum(one.content.bytes for one in lies)
    room = judge_room(folder, free, used, ingest)
    return [*found, room, *or_ok(list(judge_content(lies)), CONTENT, "no event waits on disk")]


def judge_room(folder: Path, free: int, used: int, ingest: IngestSettings) -> Finding:
    """Whether the disk can hold what the spools of all processes may grow to."""
    wanted = ingest.spool_bytes_max * ingest.workers
    if free < min(FREE_BYTES_MIN, wanted // 10):
        what = f"{folder} has {_size(free)} free: while Kafka is away events are refused (503)"
        return fail(ROOM, what, "make room on its disk, or name a folder on another one")
    if free + used < wanted:
        what = (
            f"{folder} has {_size(free)} free, and the spool may take {_size(wanted - used)} more"
        )
        fix = (
            f"make room, or set MILEPOST_INGEST__SPOOL_BYTES_MAX to at most"
            f" {(free + used) // ingest.workers}"
        )
        return warn(ROOM, what, fix)
    return ok(ROOM, f"{_size(free)} free for {_size(wanted)} at most")


def judge_content(lies: list[Lies]) -> Iterator[Finding]:
    """What waits, what was set aside, and what nobody will send."""
    for one in lies:
        there = one.content
        if not one.is_served:
            what = f"no ingest serves {one.folder}: it may hold events, and holds the watermark"
            fix = (
                "start ingest once more with as many MILEPOST_INGEST__WORKERS as before, and stop"
                " it when its spool is empty"
            )
            yield fail(CONTENT, what, fix)
        if there.records or there.bytes:
            least = "" if there.is_all else "at least "
            what = (
                f"{one.folder}: {least}{there.records} records ({_size(there.bytes)}) wait on disk"
            )
            yield warn(CONTENT, what, "let ingest run with Kafka in reach until they are sent")
        if there.damaged:
            what = (
                f"{one.folder}: {there.damaged} files were set aside, bytes of them are unreadable"
            )
            yield warn(CONTENT, what, "check the disk, keep or remove the files *.damaged")
        if there.refused:
            what = f"{one.folder}: {there.refused} files hold events that Kafka refused"
            yield warn(CONTENT, what, "check max.message.bytes of the topic, then send them again")


def _lies(folder: Path, workers: int) -> Iterator[Lies]:
    lost = set(unserved(folder, workers))
    there = [folder, *sorted(folder.glob(f"{WORKER_FOLDER}*"))]
    for one in there:
        if one.is_dir():
            yield Lies(one, look_into(one), is_served=one not in lost)


def _of_folder(folder: Path) -> list[Finding]:
    if not folder.exists():
        parent = next(one for one in folder.absolute().parents if one.exists())
        if os.access(parent, os.W_OK | os.X_OK):
            return [ok(FOLDER, f"{folder} is not there yet; ingest makes it")]
        what = f"{folder} is not there, and {parent} cannot be written by this user"
        return [fail(FOLDER, what, "make it, owned by the user of ingest, mode 700")]
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        what = f"{folder} is no folder that this user can write"
        return [fail(FOLDER, what, "make it one, owned by the user of ingest, mode 700")]
    return or_ok(
        list(judge_folder(folder, folder.stat().st_mode, disk_of(folder))),
        FOLDER,
        f"{folder} can be written",
    )


def judge_folder(folder: Path, mode: int, disk: str) -> Iterator[Finding]:
    """Events are about people, and are to outlive a restart."""
    if mode & _WRITABLE:
        what = f"others may write {folder} (mode {mode & 0o777:03o})"
        yield warn(FOLDER, what, f"`chmod 700 {folder}`")
    if disk in _MEMORY:
        what = f"{folder} is in memory ({disk}): what was answered 200 is lost with the machine"
        yield fail(FOLDER, what, "let MILEPOST_INGEST__SPOOL_DIR name a folder on a disk")


def disk_of(folder: Path, mounts: Path = _MOUNTS) -> str:
    """The kind of file system that the folder is on; empty where the system does not tell."""
    try:
        lines = [line.split() for line in mounts.read_text("utf-8").splitlines()]
    except OSError:
        return ""
    place = folder.resolve()
    fits = [(len(line[1]), line[2]) for line in lines if place.is_relative_to(Path(line[1]))]
    return max(fits, default=(0, ""))[1]


def _size(count: int) -> str:
    return f"{count / (1 << 20):.1f} MiB"
