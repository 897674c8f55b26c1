"""Requests made from the OpenAPI documents, right and wrong: none is answered by a server error."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.e2e.stack import Stack

if TYPE_CHECKING:
    from pathlib import Path

# `make fuzz` looks for longer.
SECONDS = int(os.environ.get("FUZZ_SECONDS", "5"))
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance"
)


async def require_sound(url: str, folder: Path, *options: str) -> None:
    """No request of this run is answered otherwise than the document says."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json",
        "--max-time", str(SECONDS), "--checks", CHECKS, "--request-timeout", "60",
        "--no-color", "--warnings", "off", *options,
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        async with asyncio.timeout(SECONDS + 270):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, said.decode()[-6000:]


async def test_ingest_answers_whatever_is_sent(stack: Stack, tmp_path: Path) -> None:
    await require_sound(stack.endpoints.ingest, tmp_path, "-H", f"X-Write-Key: {stack.key()}")
    answer = await stack.http.get(f"{stack.endpoints.ingest}/readyz")
    assert answer.status_code == 200


async def test_the_query_api_answers_whatever_is_asked(stack: Stack, tmp_path: Path) -> None:
    """Reading alone: other tests need what a writing request would change."""
    await require_sound(stack.endpoints.api, tmp_path, "--include-method", "GET")
