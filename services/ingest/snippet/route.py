"""`GET /milepost.js`: the snippet as websites load it."""

from __future__ import annotations

import gzip
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from fastapi import FastAPI, Request
from fastapi.responses import Response

PATH = "/milepost.js"
FILE = "milepost.min.js"
SOURCE = "milepost.js"
# A page asks again after this, and is answered 304 while the snippet is the same.
MAX_AGE_SECONDS = 300


class _Form(NamedTuple):
    """The snippet as it is sent, and the headers that go with it."""

    body: bytes
    headers: dict[str, str]


def add_snippet(app: FastAPI) -> None:
    """The application serves the snippet, plain or compressed as the browser asks."""
    plain = Path(__file__).with_name(FILE).read_bytes()
    as_it_is = _form(plain, {})
    compressed = _form(gzip.compress(plain, 9, mtime=0), {"content-encoding": "gzip"})

    @app.head(PATH, include_in_schema=False)
    @app.get(PATH, summary="The snippet for websites", response_class=Response)
    async def milepost_js(request: Request) -> Response:
        form = compressed if _takes_gzip(request) else as_it_is
        if form.headers["etag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=form.headers)
        return Response(
            b"" if request.method == "HEAD" else form.body,
            headers=form.headers | {"content-length": str(len(form.body))},
            media_type="text/javascript",
        )


def _form(body: bytes, headers: dict[str, str]) -> _Form:
    return _Form(
        body,
        headers
        | {
            "etag": f'"{sha256(body).hexdigest()[:16]}"',
            "cache-control": f"public, max-age={MAX_AGE_SECONDS}",
            # Pages that isolate themselves load only what says that it may be embedded.
            "cross-origin-resource-policy": "cross-origin",
            "vary": "Accept-Encoding",
            "x-content-type-options": "nosniff",
        },
    )


def _takes_gzip(request: Request) -> bool:
    for one in request.headers.get("accept-encoding", "").split(","):
        name, _, weight = one.replace(" ", "").partition(";")
        if name == "gzip" and weight.rstrip(".0") != "q=":
            return True
    return False
