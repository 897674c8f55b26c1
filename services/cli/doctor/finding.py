"""What a check found: ok, warn or fail, what is wrong, and the fix in one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

Status = Literal["ok", "warn", "fail", "skip"]


class Finding(msgspec.Struct, frozen=True):
    """One line of the report; `skip`: it could not be looked at, `what` says why."""

    check: str
    status: Status
    what: str
    fix: str = ""


def ok(check: str, what: str) -> Finding:
    return Finding(check, "ok", what)


def warn(check: str, what: str, fix: str) -> Finding:
    """It works now, and will not or not as expected in some case."""
    return Finding(check, "warn", what, fix)


def fail(check: str, what: str, fix: str) -> Finding:
    """It does not work, or loses what was promised to be kept."""
    return Finding(check, "fail", what, fix)


def skips(checks: Iterable[str], why: str) -> list[Finding]:
    """All these could not be looked at."""
    return [Finding(check, "skip", why) for check in checks]


def or_ok(found: Sequence[Finding], check: str, what: str) -> list[Finding]:
    """What was found, or that all is well."""
    return list(found) or [ok(check, what)]


def worst(findings: Iterable[Finding]) -> Status:
    """The worst of them; what was skipped is not judged."""
    there = {one.status for one in findings}
    return next((status for status in ("fail", "warn") if status in there), "ok")
