"""What a source of the sources file says of its webhook: secrets, topics, a mapping."""

from __future__ import annotations

from typing import Literal

import msgspec


class SecretRef(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A secret the provider made: kept here as it is, or where to read it. One of the three."""

    value: str | None = None
    file: str | None = None
    env: str | None = None

    def __post_init__(self) -> None:
        if sum(one is not None for one in (self.value, self.file, self.env)) != 1:
            raise ValueError("a webhook secret has one of `value`, `file` and `env`")

    def __repr__(self) -> str:
        """Where it is; never the secret itself, so that no log can hold it."""
        return f"SecretRef(file={self.file!r}, env={self.env!r})"


class Signature(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A generic sender's HMAC over the raw body, and the header it stands in."""

    header: str
    algorithm: Literal["sha1", "sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""


class Mapping(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Where the fields of an event stand in a generic body: dotted paths such as `data.user.id`."""

    items: str | None = None  # the list of events; missing: the body itself, one or a list
    event: str | None = None  # the name of what happened
    name: str | None = None  # one name for all, where the body has none
    names: dict[str, str] = {}  # the sender's names to ours; others are kept, made readable
    message_id: str | None = None
    timestamp: str | None = None  # ISO 8601, or seconds or milliseconds since 1970
    user_id: str | None = None
    anonymous_id: str | None = None
    identifiers: dict[str, str] = {}
    properties: dict[str, str] = {}


class Webhook(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """How a source's webhook is checked and read, beyond what its provider fixes."""

    secrets: tuple[SecretRef, ...] = ()  # the newest first; any of them will do
    topic_arns: tuple[str, ...] = ()  # of Amazon SNS: the topics that are taken
    signature: Signature | None = None
    mapping: Mapping | None = None
