"""What a dialect is: how its bodies are read, and in which words it is answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec

from services.contracts.touchpoint import Call
from services.ingest import answers
from services.ingest.answers import Answer
from services.ingest.errors import RequestError, UnavailableError
from services.ingest.json_rules import JsonLimits
from services.ingest.protocols.event import Parsed
from services.ingest.translate import Verdict

Headers = dict[bytes, bytes]  # names in lower case
Query = dict[bytes, list[bytes]]


class Head(msgspec.Struct, frozen=True, gc=False):
    """A request but for its body; `call` is the one its path names, `head_at` when it arrived."""

    path: str
    call: Call | None
    headers: Headers
    query: Query
    head_at: int


def agent_of(head: Head) -> str:
    """The user agent that asked, `""` when it does not say."""
    return head.headers.get(b"user-agent", b"").decode("latin-1")


Parse = Callable[[bytes, Head, JsonLimits], Parsed]


@dataclass(frozen=True, slots=True)
class Words:
    """How a sender is told what became of its request."""

    success: Callable[[Sequence[Verdict]], Answer]
    failure: Callable[[RequestError | UnavailableError], Answer]
    strict: Callable[[Sequence[Verdict]], Answer]


NATIVE_WORDS = Words(
    answers.native_success,
    partial(answers.failure, native=True),
    partial(answers.strict_refusal, native=True),
)
SDK_WORDS = Words(
    answers.sdk_success,
    partial(answers.failure, native=False),
    partial(answers.strict_refusal, native=False),
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way of sending events; without `parse` the body is taken and dropped.

    `handshake` answers an OPTIONS request that is no browser's preflight, else None.
    """

    name: str
    summary: str  # {} stands for the call of the path
    parse: Parse | None
    words: Words = SDK_WORDS
    method: str = "POST"
    handshake: Callable[[Headers], Answer | None] | None = None

    @property
    def is_native(self) -> bool:
        """Whether it answers in our own words, not in those SDKs expect."""
        return self.words is NATIVE_WORDS
