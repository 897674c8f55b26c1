"""Deliberate breakages of the rebuild (semantics 4.6)."""

from __future__ import annotations

from tests.breakages import CORE, SEEN, Breakage

_WHOLE = (f"{SEEN}/test_rebuilding.py",)
_TOLD = (f"{SEEN}/test_told.py",)
_LOST = (f"{SEEN}/test_lost_owner.py",)

IN_REBUILDING = (
    Breakage(
        "4.6",
        "customers whose rows were lost are not put back",
        f"{CORE}/lost_customers.py",
        "        rows.append(LostCustomer(customer_id, encode_state(state), merged_into))\n",
        "",
        _WHOLE,
    ),
    Breakage(
        "4.6",
        "merges and splits that were there before are told",
        f"{CORE}/arranging.py",
        "        self._keep_silent(stored, change)\n",
        "",
        _WHOLE,
    ),
    Breakage(
        "4.6",
        "conflicts are not counted again",
        f"{CORE}/arranging.py",
        "    return sorted(after) != sorted(one.row for one in theirs)\n",
        "    return after is theirs\n",
        _WHOLE,
    ),
    Breakage(
        "4.6",
        "versions begin anew",
        f"{CORE}/told.py",
        "state.stage_version = max(state.stage_version, stages)",
        "state.stage_version = max(state.stage_version, 0)",
        _TOLD,
    ),
    Breakage(
        "4.6",
        "a snapshot is told again",
        f"{CORE}/told.py",
        "return known is not None and known.digest ==",
        "return known is None and b'' ==",
        _TOLD,
    ),
    Breakage(
        "4.6",
        "a signal that was taken back is taken for known",
        f"{CORE}/told.py",
        'return known.kind != "retracted"',
        "return True",
        _TOLD,
    ),
    Breakage(
        "4.6",
        "a batch that meets a lost owner is done again for ever",
        f"{CORE}/assignment.py",
        "        await _confirm(connection, loaded)\n",
        "",
        _LOST,
    ),
    Breakage(
        "4.6",
        "timers of lost customers stand before those of others",
        f"{CORE}/deadlines.py",
        "                await outcomes.stop_lost_timers(connection, due)\n",
        "                pass\n",
        _LOST,
    ),
)
