"""Clocks: this machine's against Kafka's and PostgreSQL's. Waits and leases are judged by them."""

from __future__ import annotations

from services.cli.doctor.finding import Finding, fail, ok, warn
from services.contracts.times import SECOND_US

# Less than this shifts what is late, and no lease.
APART_US_MAX = 2 * SECOND_US
# An ingest whose heartbeats differ by more is taken for one that is silent.
WRONG_US = 30 * SECOND_US
FIX = "let NTP set the clocks of all machines, such as by chrony or systemd-timesyncd"


def judge_clock(check: str, whose: str, now: int, asked: tuple[int, int]) -> list[Finding]:
    """How far `now` is from this machine's clock before and after it was asked, microseconds."""
    before, after = asked
    apart = now - after if now > after else min(0, now - before)
    what = f"{whose}'s clock is {abs(apart) / SECOND_US:.3f} s {_side(apart)} this machine's"
    if abs(apart) > WRONG_US:
        return [fail(check, f"{what}: waits are counted wrongly", FIX)]
    if abs(apart) > APART_US_MAX:
        return [warn(check, what, FIX)]
    return [ok(check, what if apart else f"{whose}'s clock agrees with this machine's")]


def _side(apart: int) -> str:
    return "ahead of" if apart >= 0 else "behind"
