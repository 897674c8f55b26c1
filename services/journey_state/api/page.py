"""`/` and `/map/...`: the journey map page, whose files ask no other origin for anything."""

from __future__ import annotations

import gzip
from functools import lru_cache
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.journey_state.api.asking import Ask
from services.journey_state.api.problems import Problem
from services.settings import Settings

FOLDER = Path(__file__).parent.parent / "map"
INDEX = "index.html"
MAIN = "app/main.js"
BUNDLE = "page.js"  # the same in one, smaller; `make page` builds it
PREFIX = "/map/"
_INGEST = '<meta name="milepost-ingest" content="{}">'
_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".txt": "text/plain",
    ".svg": "image/svg+xml",
}
_HEADERS = {
    "cache-control": "no-cache",  # kept, and asked for anew: the answer is 304 while it is current
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "vary": "Accept-Encoding",
    "x-content-type-options": "nosniff",
}

router = APIRouter(include_in_schema=False)


class _File(NamedTuple):
    """A file as it is sent, plain and compressed."""

    plain: bytes
    packed: bytes
    etag: str
    media_type: str


@router.get("/")
async def index(request: Request, ask: Ask) -> Response:
    """The page, which is told where ingest listens: it shows how to send an event."""
    page = _read_file(INDEX).plain
    told = page.replace(_INGEST.format("").encode(), _INGEST.format(_ingest(ask.settings)).encode())
    modules = sorted(_modules(FOLDER))
    if _is_bundled():
        told = told.replace(f"{PREFIX}{MAIN}".encode(), f"{PREFIX}{BUNDLE}".encode())
        modules = [BUNDLE]
    answer = _answer(request, _packed(told, _TYPES[".html"]))
    # The browser fetches the modules at once, not one after the other as they import each other.
    answer.headers["link"] = ", ".join(f"<{PREFIX}{name}>; rel=modulepreload" for name in modules)
    return answer


@router.get(PREFIX + "{name:path}")
async def file(name: str, request: Request) -> Response:
    """A file of the page."""
    return _answer(request, _read_file(name))


def _ingest(settings: Settings) -> str:
    """Its public address, else the port that it has where it runs with the same settings."""
    public = settings.ingest.public_url
    return f":{settings.ingest.port}" if public is None else escape(public)


def _answer(request: Request, found: _File) -> Response:
    packs = "gzip" in request.headers.get("accept-encoding", "")
    etag = f'"{found.etag}-gzip"' if packs else f'"{found.etag}"'
    headers = _HEADERS | {"etag": etag} | ({"content-encoding": "gzip"} if packs else {})
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    body = found.packed if packs else found.plain
    return Response(body, headers=headers, media_type=found.media_type)


def _read_file(name: str) -> _File:
    path = _files().get(name)
    if path is None:
        raise Problem(404, "not_found", f"The page has no file {name!r}")
    status = path.stat()
    return _read(path, status.st_mtime_ns, status.st_size)


def _files() -> dict[str, Path]:
    """By name below the folder: whoever works on the page adds one and loads it again."""
    return {
        path.relative_to(FOLDER).as_posix(): path
        for path in FOLDER.rglob("*.*")
        if path.suffix in _TYPES
    }


def bundle_mark(folder: Path) -> str:
    """The first line of a bundle of the modules as they are now."""
    digest = sha256()
    for name, path in sorted(_modules(folder).items()):
        digest.update(f"{name} {sha256(path.read_bytes()).hexdigest()}\n".encode())
    return f"/* {digest.hexdigest()} */"


def _modules(folder: Path) -> dict[str, Path]:
    """Those of the page by name; what is loaded before them is none."""
    paths = [*(folder / "app").rglob("*.js"), *(folder / "vendor").glob("*.js")]
    return {path.relative_to(folder).as_posix(): path for path in paths if path.name != "theme.js"}


def _is_bundled() -> bool:
    """Whether the bundle is of these modules: who changes one sees it without a build."""
    bundle = FOLDER / BUNDLE
    looks = [(str(path), path.stat().st_mtime_ns) for path in _modules(FOLDER).values()]
    return bundle.exists() and _has_mark(bundle.stat().st_mtime_ns, tuple(sorted(looks)))


@lru_cache(maxsize=1)
def _has_mark(bundled: int, looks: tuple[tuple[str, int], ...]) -> bool:  # noqa: ARG001
    with (FOLDER / BUNDLE).open(encoding="utf-8") as bundle:
        return bundle.readline().strip() == bundle_mark(FOLDER)


@lru_cache(maxsize=256)
def _read(path: Path, modified: int, size: int) -> _File:  # noqa: ARG001 - what changes with it
    return _packed(path.read_bytes(), _TYPES[path.suffix])


@lru_cache(maxsize=256)
def _packed(plain: bytes, media_type: str) -> _File:
    etag = sha256(plain).hexdigest()[:16]
    return _File(plain, gzip.compress(plain, 9, mtime=0), etag, media_type)
