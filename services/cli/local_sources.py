"""The sources of a system on this machine: one for each channel, their keys kept at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from services.cli.endpoints import SourceKey, write_private
from services.contracts.touchpoint import CHANNELS
from services.ingest.sources import add_source, list_sources, rotate_source

if TYPE_CHECKING:
    from pathlib import Path

# Pages opened from a file or another port of this machine send from any origin.
ORIGINS = {"website": ("*",)}


def ensure_sources(data_dir: Path) -> tuple[SourceKey, ...]:
    """A source named after each channel is in the sources file; what they are sent with.

    The sources file has only hashes of keys, so the keys themselves are kept beside it, for the
    next start to print. A source whose key is not known any more gets a new one.
    """
    file = sources_file(data_dir)
    kept = data_dir / "write-keys.json"
    keys = _read(kept)
    present = {source.name for source in list_sources(file)} if file.exists() else set()
    for channel in CHANNELS:
        if channel not in present:
            _, keys[channel] = add_source(file, channel, channel, origins=ORIGINS.get(channel, ()))
        elif channel not in keys:
            keys[channel] = rotate_source(file, channel)
    write_private(kept, msgspec.json.format(msgspec.json.encode(keys)))
    return tuple(SourceKey(channel, channel, keys[channel]) for channel in CHANNELS)


def sources_file(data_dir: Path) -> Path:
    return data_dir / "sources.json"


def _read(kept: Path) -> dict[str, str]:
    try:
        return msgspec.json.decode(kept.read_bytes(), type=dict[str, str])
    except (FileNotFoundError, msgspec.MsgspecError):
        return {}
