"""The sources file: YAML or JSON, keys as SHA-256 only, changed by one writer at a time."""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from services.contracts.touchpoint import CHANNELS, Channel
from services.ingest.hooks.options import SecretRef, Webhook

KEY_BYTES = 24
SOURCES_MAX = 10_000
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
SECRETS_MAX = 2  # while a provider's secret is changed: the new one, and the one before it
_YAML_ENDINGS = (".yaml", ".yml")


class SourcesFileError(Exception):
    """The file or what is asked of it is wrong; the text says what, where and what to do."""


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a source may send, and tell of people (semantics 8.1, 8.4); `keep_...` None: all."""

    server_only: bool = False  # a browser may not use the key, whatever its page
    events_per_second_max: int = 0  # 0: what the settings say
    consent_required: bool = False  # an event without a statement of consent is not taken
    honor_gpc: bool = False  # `Sec-GPC: 1` withdraws marketing
    honor_dnt: bool = False  # `DNT: 1` withdraws analytics and marketing
    keep_full_ip: bool = False
    keep_properties: tuple[str, ...] | None = None
    keep_traits: tuple[str, ...] | None = None


class Source(Policy, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One sender: its channel, who may use its key from a browser, what it may tell."""

    name: str
    channel: Channel
    key_sha256: str
    old_key_sha256: str | None = None  # still taken, until the next rotation
    provider: str | None = None
    webhook: Webhook = Webhook()
    origins: tuple[str, ...] = ()
    allow_channel_override: bool = False
    revoked: bool = False
    link_secret: str | None = None  # signs the links of its mails

    @property
    def holds_secrets(self) -> bool:
        """Whether something of it stands in the file that could be used by whoever reads it."""
        kept = any(one.value is not None for one in self.webhook.secrets)
        return kept or self.link_secret is not None

    @property
    def key_hashes(self) -> tuple[str, ...]:
        """Hashes of the keys that are taken."""
        old = self.old_key_sha256
        return (self.key_sha256,) if old is None else (self.key_sha256, old)


class Hook(NamedTuple):
    """Whose webhooks a source takes, if any, and how they are checked."""

    provider: str | None = None
    webhook: Webhook = Webhook()


ANYTHING = Policy()
NO_HOOK = Hook()


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    sources: list[Source] = []


def add_source(
    path: Path,
    name: str,
    channel: Channel,
    hook: Hook = NO_HOOK,
    origins: Sequence[str] = (),
    policy: Policy = ANYTHING,
) -> tuple[Source, str]:
    """The file has the source; its write key is returned here and never again.

    Raises SourcesFileError when the name is taken or not fit to be one.
    """
    if not _NAME.fullmatch(name):
        raise SourcesFileError(f"the source name {name!r} must be a-z, 0-9, - and _, at most 64")
    if channel not in CHANNELS:
        raise SourcesFileError(f"the channel must be one of {', '.join(CHANNELS)}")
    key = new_key()
    source = Source(
        name=name,
        channel=channel,
        key_sha256=hash_of(key),
        provider=hook.provider,
        webhook=hook.webhook,
        origins=tuple(origins),
        **msgspec.structs.asdict(policy),
    )

    def add(sources: list[Source]) -> list[Source]:
        if any(other.name == name for other in sources):
            raise SourcesFileError(f"{path} already has a source {name!r}; choose another name")
        return [*sources, source]

    _change(path, add)
    return source, key


def list_sources(path: Path) -> list[Source]:
    """All sources of the file, revoked ones too; none when there is no file."""
    return read_sources(path)


def rotate_source(path: Path, name: str, *, keep_old: bool = False) -> str:
    """The source has a new write key, returned here alone; the old one is no longer taken.

    With `keep_old` both are, until the next rotation.
    """
    key = new_key()

    def rotate(source: Source) -> dict[str, Any]:
        old = source.key_sha256 if keep_old else None
        return {"key_sha256": hash_of(key), "old_key_sha256": old}

    _change(path, lambda sources: _with(path, sources, name, rotate))
    return key


def rotate_secret(path: Path, name: str, secret: SecretRef, *, keep_old: bool = False) -> None:
    """The source's webhook is checked with this secret; with `keep_old` with the one before too."""

    def rotate(source: Source) -> dict[str, Any]:
        old = source.webhook.secrets[: SECRETS_MAX - 1] if keep_old else ()
        return {"webhook": msgspec.structs.replace(source.webhook, secrets=(secret, *old))}

    _change(path, lambda sources: _with(path, sources, name, rotate))


def revoke_source(path: Path, name: str) -> None:
    """The source's key is no longer taken; the source stays listed."""
    _change(path, lambda sources: _with(path, sources, name, lambda _: {"revoked": True}))


def link_secret_of(path: Path, name: str) -> str:
    """What the links of a source's mails are signed with; made at the first time."""
    fresh = new_key()

    def keep(source: Source) -> dict[str, Any]:
        return {"link_secret": source.link_secret or fresh}

    _change(path, lambda sources: _with(path, sources, name, keep))
    return next(one.link_secret or "" for one in read_sources(path) if one.name == name)


def new_key() -> str:
    """A fresh write key."""
    return secrets.token_urlsafe(KEY_BYTES)


def hash_of(key: str) -> str:
    """What the file keeps of a key: enough to know it again, not to use it."""
    return sha256(key.encode()).hexdigest()


def read_sources(path: Path) -> list[Source]:
    """What the file says; no file is no sources. Raises SourcesFileError."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise SourcesFileError(f"{path} cannot be read: {error}") from None
    try:
        document = msgspec.convert(_loaded(path, text), _Document)
    except (YAMLError, ValueError, RecursionError) as error:
        raise SourcesFileError(f"{path}: {error}") from None
    _require_unique(path, document.sources)
    return document.sources


def _loaded(path: Path, text: str) -> Any:
    if path.suffix in _YAML_ENDINGS:
        return YAML(typ="safe", pure=True).load(text)
    return json.loads(text)


def _require_unique(path: Path, sources: list[Source]) -> None:
    if len(sources) > SOURCES_MAX:
        raise SourcesFileError(f"{path}: {len(sources)} sources, and at most {SOURCES_MAX} work")
    for what, values in (
        ("name", [source.name for source in sources]),
        ("key_sha256", [source.key_sha256 for source in sources]),
    ):
        if len(set(values)) != len(values):
            raise SourcesFileError(f"{path}: two sources have the same {what}; give each its own")


def _with(
    path: Path, sources: list[Source], name: str, changes: Callable[[Source], dict[str, Any]]
) -> list[Source]:
    if all(source.name != name for source in sources):
        raise SourcesFileError(f"{path} has no source {name!r}; `milepost source list` shows all")
    return [
        msgspec.structs.replace(source, **changes(source)) if source.name == name else source
        for source in sources
    ]


def _change(path: Path, change: Callable[[list[Source]], list[Source]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path):
        _write(path, change(read_sources(path)))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    # The file itself is replaced at each change, so the lock lies beside it.
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write(path: Path, sources: list[Source]) -> None:
    document = msgspec.to_builtins(_Document(sources))
    if path.suffix in _YAML_ENDINGS:
        out = StringIO()
        yaml = YAML(typ="safe", pure=True)
        yaml.default_flow_style = False
        yaml.dump(document, out)
        text = out.getvalue()
    else:
        text = json.dumps(document, indent=2) + "\n"
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
