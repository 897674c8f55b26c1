"""Requests as clients write them, and what they become: `golden/DIALECT/NAME.json`.

`python -m tests.ingest.golden_files` completes files that only have a request.
"""

from __future__ import annotations

import asyncio
import base64
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from tests.ingest.memory import KEY, Desk, ready_desk, temporary_folder

FOLDER = Path(__file__).parent / "golden"
KEY_MARK = "WRITE-KEY"


@dataclass(frozen=True)
class Example:
    """A file with a request and its outcome."""

    path: Path

    @property
    def name(self) -> str:
        return f"{self.path.parent.name}/{self.path.stem}"

    @property
    def said(self) -> dict[str, Any]:
        found: dict[str, Any] = msgspec.json.decode(self.path.read_bytes())
        return found

    @property
    def outcome(self) -> dict[str, Any]:
        return {name: value for name, value in self.said.items() if name != "request"}

    async def become(self, desk: Desk) -> dict[str, Any]:
        """The outcome of the request at this desk."""
        request = self.said["request"]
        text = request.get("body")
        body = text if isinstance(text, str) else "" if text is None else dumps(text)
        answer = await desk.request(
            request.get("method", "POST"),
            with_key(request["path"]),
            {"user-agent": "golden/1"}
            | {name: with_key(value) for name, value in request.get("headers", {}).items()},
            with_key(body).encode(),
        )
        return {
            "status": answer.status_code,
            "answer": shown(answer.content),
            "touchpoints": [msgspec.json.decode(value) for _, value in desk.sink.records],
            "rejected": [{"code": one.code, "message": one.message} for one in desk.sink.refused],
        }


def shown(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except msgspec.DecodeError:
        pass
    return content.decode() if content.isascii() else base64.b64encode(content).decode()


def dumps(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def with_key(text: str) -> str:
    """The mark in an example's text is the write key of the website."""
    return text.replace(KEY_MARK, KEY)


def examples(dialect: str = "*") -> list[Example]:
    return [Example(path) for path in sorted(FOLDER.glob(f"{dialect}/*.json"))]


async def write() -> None:
    for example in examples():
        if example.outcome and "--all" not in sys.argv:
            continue
        with temporary_folder() as folder:
            outcome = await example.become(await ready_desk(folder))
        text = msgspec.json.encode({"request": example.said["request"], **outcome})
        example.path.write_bytes(msgspec.json.format(text, indent=2) + b"\n")
        print(example.name)


if __name__ == "__main__":
    asyncio.run(write())
