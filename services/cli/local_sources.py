"""The sources of a system on this machine: one for each channel, their keys kept at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from services.cli.endpoints import SourceKey, write_private
from services.cli.local.errors import LocalStackError
from services.contracts.touchpoint import CHANNELS
from services.ingest.sources_file import (
    SourcesFileError,
    add_source,
    hash_of,
    list_sources,
    rotate_source,
)

if TYPE_CHECKING:
    from pathlib import Path

# Pages opened from a file or another port of this machine send from any origin.
ORIGINS = {"website": ("*",)}


def ensure_sources(data_dir: Path) -> tuple[SourceKey, ...]:
    """A source named after each channel is in the sources file; those that can be sent with.

    The sources file has only hashes of keys, so the keys themselves are kept beside it, for the
    next start to print. A source whose key is lost gets a new one; one that was revoked, or whose
    key was changed by hand, stays as it is and is left out. Raises `LocalStackError`.
    """
    kept = data_dir / "write-keys.json"
    keys = _read(kept)
    try:
        _complete(sources_file(data_dir), keys)
        present = list_sources(sources_file(data_dir))
    except SourcesFileError as error:
        raise LocalStackError(str(error)) from error
    write_private(kept, msgspec.json.format(msgspec.json.encode(keys)))
    return tuple(
        SourceKey(source.name, source.channel, keys[source.name])
        for source in present
        if not source.revoked and hash_of(keys.get(source.name, "")) == source.key_sha256
    )


def sources_file(data_dir: Path) -> Path:
    return data_dir / "sources.json"


def _complete(file: Path, keys: dict[str, str]) -> None:
    present = {source.name for source in list_sources(file)}
    for channel in CHANNELS:
        if channel not in present:
            _, keys[channel] = add_source(file, channel, channel, origins=ORIGINS.get(channel, ()))
        elif channel not in keys:
            keys[channel] = rotate_source(file, channel)


def _read(kept: Path) -> dict[str, str]:
    try:
        return msgspec.json.decode(kept.read_bytes(), type=dict[str, str])
    except (FileNotFoundError, msgspec.MsgspecError):
        return {}
