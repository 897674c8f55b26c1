"""Who may ask: bearer tokens with scopes, or, without a token file, this machine alone."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import NamedTuple

import msgspec
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from services.journey_state.api.problems import problem

SCOPES = frozenset({"read", "pii", "admin"})
TOKEN_CHARACTERS_MIN = 16
DIGEST_CHARACTERS = 8  # by which a token without a name is told apart

# Probes come from other machines and show no customer.
_OPEN = frozenset({"/livez", "/readyz", "/metrics"})
_PAGES = frozenset({"/", "/docs", "/openapi.json"})
_PAGE_FILES = "/map/"  # they show no customer either: the page asks its reader for a token


class Grant(msgspec.Struct, frozen=True):
    """One token of the file, what it allows, and who holds it."""

    token: str
    scopes: frozenset[str]
    name: str = ""


class Holder(NamedTuple):
    """Who asks: as the log names them, which tells nothing of the token, and what they may."""

    name: str
    scopes: frozenset[str]


class TokensFileError(ValueError):
    """The token file cannot be used: which file, where, what to do."""


class Access:
    """ASGI middleware: passes on what is allowed and answers the rest with a problem.

    `tokens` maps the SHA-256 of a token to its holder; None serves loopback clients only.
    Afterwards the scope's `state` has the `holder`, if there are tokens.
    """

    def __init__(self, app: ASGIApp, tokens: Mapping[bytes, Holder] | None) -> None:
        self._app = app
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            refusal = self._refusal(scope)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        if scope["path"] in _OPEN:
            return None
        if self._tokens is None:
            return _refuse_remote(scope)
        if scope["path"] in _PAGES or scope["path"].startswith(_PAGE_FILES):
            return None
        kind, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
        holder = self._tokens.get(_digest(token.strip())) if kind.lower() == "bearer" else None
        if holder is None:
            return _refuse_nobody()
        scope.setdefault("state", {})["holder"] = holder
        return _refuse_scopes(holder.scopes, _scopes_for(scope["method"], scope["path"]))


def _refuse_remote(scope: Scope) -> JSONResponse | None:
    client = scope.get("client")
    # A page elsewhere can make a browser here ask under its own name (DNS rebinding).
    host = Headers(scope=scope).get("host", "")
    if client is not None and _is_loopback(client[0]) and _is_loopback(_host_name(host)):
        return None
    detail = "Without a token file only this machine is served, by the name localhost or 127.0.0.1"
    return problem(403, "loopback_only", f"{detail}: set MILEPOST_API__TOKENS_FILE")


def _scopes_for(method: str, path: str) -> frozenset[str]:
    """Any of these scopes will do: changes need `admin`, a person's whole data `pii`."""
    if method not in ("GET", "HEAD", "OPTIONS"):
        return frozenset({"admin"})
    whole = path.startswith("/v1/customers/") and path.endswith("/export")
    if path == "/v1/access":
        return SCOPES
    if whole or path.startswith("/v1/dead-letters/"):
        return frozenset({"pii", "admin"})
    return frozenset({"read", "admin"})


def _refuse_nobody() -> JSONResponse:
    challenge = {"WWW-Authenticate": 'Bearer realm="milepost"'}
    detail = "Send a token of the token file as `Authorization: Bearer ...`"
    return problem(401, "no_token", detail, headers=challenge)


def _refuse_scopes(scopes: frozenset[str], allowed: frozenset[str]) -> JSONResponse | None:
    if scopes.isdisjoint(allowed):
        names = " or ".join(f"`{name}`" for name in sorted(allowed - {"admin"} or allowed))
        return problem(403, "scope_missing", f"This token lacks the scope {names}")
    return None


def _host_name(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_loopback(name: str) -> bool:
    if name.lower() == "localhost":
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback


def _digest(token: str) -> bytes:
    # Looked up by digest: the time a comparison takes tells nothing of the token.
    return sha256(token.encode()).digest()


def read_tokens(file: Path) -> dict[bytes, Holder]:
    """Holders by their tokens' SHA-256: of JSON `[{"token", "scopes", "name"}]`, or of lines
    `token scope,scope name=...` (`#` comments). Whoever has no name is called by the digest.

    Raises TokensFileError.
    """
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TokensFileError(f"{file}: cannot be read: {error}") from error
    grants = _json_grants(file, text) if text.lstrip().startswith("[") else _line_grants(file, text)
    if not grants:
        raise TokensFileError(f"{file}: holds no token; add a line such as `TOKEN read`")
    return {_digest(grant.token): _holder(grant) for grant in grants}


def _holder(grant: Grant) -> Holder:
    named = grant.name or _digest(grant.token).hex()[:DIGEST_CHARACTERS]
    return Holder(named, grant.scopes)


def _json_grants(file: Path, text: str) -> list[Grant]:
    try:
        grants = msgspec.json.decode(text, type=list[Grant])
    except msgspec.MsgspecError as error:
        raise TokensFileError(f'{file}: expected [{{"token", "scopes"}}]: {error}') from error
    return [_checked(grant, f"{file}: entry {n}") for n, grant in enumerate(grants)]


def _line_grants(file: Path, text: str) -> list[Grant]:
    grants = []
    for number, line in enumerate(text.splitlines(), 1):
        token, *words = line.partition("#")[0].replace(",", " ").split() or [""]
        names = [word.removeprefix("name=") for word in words if word.startswith("name=")]
        scopes = frozenset(word for word in words if not word.startswith("name="))
        if token:
            grant = Grant(token, scopes, "".join(names[:1]))
            grants.append(_checked(grant, f"{file}:{number}"))
    return grants


def _checked(grant: Grant, where: str) -> Grant:
    if len(grant.token) < TOKEN_CHARACTERS_MIN:
        raise TokensFileError(f"{where}: a token has at least {TOKEN_CHARACTERS_MIN} characters")
    if not grant.scopes or grant.scopes - SCOPES:
        raise TokensFileError(f"{where}: scopes are one or more of {', '.join(sorted(SCOPES))}")
    return grant
