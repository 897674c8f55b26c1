"""The pages that connect a client hold as they are written, but for the host and the key."""

from __future__ import annotations

import asyncio
import re
import shlex
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.e2e.stack import Stack
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent.parent.parent / "docs" / "connect"
PAGES = ("segment", "rudderstack", "snowplow", "posthog", "ga4", "cloudevents")
WRITTEN_HOST = "http://127.0.0.1:8000"
RUN_SECONDS_MAX = 180
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_SEEN = re.compile(r"^\S+Z  (\S+)  \S+/\S+  ([\w ]+?)(?:  |$)", re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """What a page says to run, and what is to be seen then."""

    blocks: list[tuple[str, str]]

    @property
    def programs(self) -> list[str]:
        return [text for kind, text in self.blocks if kind == "python"]

    @property
    def requests(self) -> list[str]:
        return [text for kind, text in self.blocks if kind == "sh"]

    @property
    def seen(self) -> list[tuple[str, str]]:
        """Whose timeline has which event, as `milepost tail` shows it."""
        shown = [text for kind, text in self.blocks if not kind and "milepost tail" in text]
        return [(who, event) for text in shown for who, event in _SEEN.findall(text)]


def page(name: str, stack: Stack) -> Page:
    """The page with this stack's host and key in it."""
    text = (FOLDER / f"{name}.md").read_text("utf-8")
    address = urlsplit(stack.endpoints.ingest)
    text = text.replace("YOUR_WRITE_KEY", stack.key()).replace(WRITTEN_HOST, address.geturl())
    text = text.replace("port=8000", f"port={address.port}")
    return Page([(kind, textwrap.dedent(body)) for _, kind, body in _FENCE.findall(text)])


async def run(program: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(RUN_SECONDS_MAX):
        _, said = await process.communicate()
    assert process.returncode == 0, said.decode()


async def request(stack: Stack, command: str) -> None:
    """What `curl` would do with this command."""
    _, *words = shlex.split(command)
    url = next(word for word in words if word.startswith("http"))
    headers = dict(header.split(": ", 1) for header in after("-H", words))
    (data,) = after("-d", words)
    answer = await stack.http.post(url, headers=headers, content=data.encode())
    assert answer.status_code == 200, answer.text


def after(option: str, words: list[str]) -> Iterator[str]:
    return (words[n + 1] for n, word in enumerate(words) if word == option)


@pytest.mark.parametrize("name", PAGES)
async def test_what_a_page_says_is_what_happens(stack: Stack, name: str) -> None:
    written = page(name, stack)
    assert written.programs or written.requests
    assert written.seen
    for program in written.programs:
        await run(program)
    for command in written.requests:
        await request(stack, command)

    (who,) = {who for who, _ in written.seen}
    expected = sorted(event for _, event in written.seen)

    async def look() -> bool:
        return sorted(one["event"] for one in await stack.timeline(who)) == expected

    await until(look)
