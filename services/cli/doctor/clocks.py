"""Clocks: this machine's against Kafka's and PostgreSQL's. Waits and leases are judged by them."""

from __future__ import annotations

from services.cli.doctor.finding import Finding, fail, ok, warn
from services.contracts.times import SECOND_US

# Less than this shifts what is late, and no lease; ingest that is further behind is not ready.
APART_US_MAX = 2 * SECOND_US
# An ingest whose heartbeats differ by more is taken for one that is silent.
WRONG_US = 30 * SECOND_US
FIX = "let NTP set the clocks of all machines, such as by chrony or systemd-timesyncd"
HERE = "this machine's"


def judge_clock(
    check: str, whose: str, now: int, asked: tuple[int, int], than: str = HERE
) -> list[Finding]:
    """How far `now` is from another clock (`than`) before and after it was asked, microseconds."""
    before, after = asked
    apart = now - after if now > after else min(0, now - before)
    side = "ahead of" if apart >= 0 else "behind"
    what = f"{whose} clock is {abs(apart) / SECOND_US:.3f} s {side} {than}"
    if abs(apart) > WRONG_US:
        return [fail(check, f"{what}: waits are counted wrongly", FIX)]
    if abs(apart) > APART_US_MAX:
        return [warn(check, what, FIX)]
    return [ok(check, what if apart else f"{whose} clock agrees with {than}")]
