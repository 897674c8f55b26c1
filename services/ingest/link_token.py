"""What a link in a mail carries, signed: who got it, where it leads, until when (contract 3)."""

from __future__ import annotations

import binascii
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec

TOKEN_CHARACTERS_MAX = 4096
URL_CHARACTERS_MAX = 2000


class LinkError(ValueError):
    """A link cannot be made; the text says why."""


class Link(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One recipient's link of one mail. `url` None: it only tells that the mail was opened."""

    source: str = msgspec.field(name="s")
    identifiers: dict[str, str] = msgspec.field(name="i", default_factory=dict)
    url: str | None = msgspec.field(name="u", default=None)
    email_id: str | None = msgspec.field(name="e", default=None)
    campaign_id: str | None = msgspec.field(name="c", default=None)
    link_id: str | None = msgspec.field(name="l", default=None)
    expires_at_seconds: int | None = msgspec.field(name="x", default=None)  # since 1970


_decode = msgspec.json.Decoder(Link).decode


def signed(link: Link, secret: str) -> str:
    """The token of the link. Raises LinkError for a URL that no browser should be sent to."""
    if link.url is not None:
        _require_web_address(link.url)
    body = urlsafe_b64encode(msgspec.json.encode(link)).rstrip(b"=")
    token = body.decode() + "." + _signature(body, secret)
    if len(token) > TOKEN_CHARACTERS_MAX:
        raise LinkError(f"the link would have over {TOKEN_CHARACTERS_MAX} characters")
    return token


def read_token(token: str, secret_of: Callable[[str], str | None], now_us: int) -> Link | None:
    """The link of a token that its source signed; None when altered, unsigned or expired."""
    body, _, signature = token.partition(".")
    if len(token) > TOKEN_CHARACTERS_MAX or not token.isascii():
        return None
    try:
        link = _decode(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (binascii.Error, ValueError, msgspec.MsgspecError, RecursionError):
        return None
    secret = secret_of(link.source)
    if secret is None or not hmac.compare_digest(signature, _signature(body.encode(), secret)):
        return None
    expires = link.expires_at_seconds
    return None if expires is not None and now_us > expires * 1_000_000 else link


def _signature(body: bytes, secret: str) -> str:
    digest = hmac.digest(secret.encode(), body, "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def _require_web_address(url: str) -> None:
    if len(url) > URL_CHARACTERS_MAX:
        raise LinkError(f"the URL has over {URL_CHARACTERS_MAX} characters")
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise LinkError(f"{url!r} is no URL: {error}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise LinkError(f"{url!r} must be a whole address like https://shop.example/sale")
    if not url.isascii() or not url.isprintable() or " " in url:
        raise LinkError(f"{url!r} must be percent-encoded")
