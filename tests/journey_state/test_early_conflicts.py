"""Conflicts are counted right though the timeline is cut in their midst (semantics 2.2, 4.4)."""

from __future__ import annotations

from typing import Any

from services.contracts.times import SECOND_US, from_datetime
from services.contracts.touchpoint import Touchpoint
from services.journey_state.early_conflicts import counted_early, with_early
from services.journey_state.store.links import ConflictRow, CountedConflict
from tests.journey_state.applying import applying
from tests.journey_state.cutting import CUT, Cutting
from tests.journey_state.running import START_US, a_touchpoint


def test_conflicts_from_before_the_cut_are_those_of_whom_the_ids_mean_now() -> None:
    key, a, b, c = (bytes([n]) * 16 for n in range(4))
    early = [
        ConflictRow(key, a, b, "cap", 3, 10, 20),
        ConflictRow(key, a, c, "cap", 2, 5, 15),
        ConflictRow(key, b, c, "cap", 9, 1, 2),
    ]
    computed = [ConflictRow(key, a, b, "cap", 1, 30, 30), ConflictRow(key, b, a, "cap", 1, 8, 8)]
    assert with_early(computed, early, {c: b}) == [
        ConflictRow(key, a, b, "cap", 6, 5, 30),
        ConflictRow(key, b, a, "cap", 1, 8, 8),
    ]


def test_of_a_count_that_began_before_the_cut_what_the_fold_finds_again_is_taken_off() -> None:
    key, a, b, c = (bytes([n]) * 16 for n in range(4))
    counted = [
        CountedConflict(ConflictRow(key, a, b, "cap", 5, 10, 60), early=True),
        CountedConflict(ConflictRow(key, a, c, "cap", 2, 40, 50), early=False),
        CountedConflict(ConflictRow(key, b, a, "cap", 1, 7, 7), early=True),
    ]
    known = [ConflictRow(key, a, b, "cap", 5, 40, 60)]  # of both, for c is b
    assert counted_early(counted, known, {c: b}) == [
        ConflictRow(key, a, b, "cap", 2, 10, 10),
        ConflictRow(key, b, a, "cap", 1, 7, 7),
    ]


async def test_conflicts_are_counted_right_across_the_cut(database_url: str) -> None:
    device, mail = {"anonymous_id": "d"}, {"email": "e@x.org"}

    def both(at: float, **more: Any) -> Touchpoint:
        return a_touchpoint("page", at=at, identifiers=device | mail, **more)

    async def counted() -> list[Any]:
        rows = await worker.execute("SELECT reason, count, first_at, last_at FROM conflicts")
        return [
            (*row[:2], *((from_datetime(at) - START_US) / SECOND_US for at in row[2:]))
            for row in rows
        ]

    async with applying(database_url) as worker:
        await worker.take(
            a_touchpoint("page", at=1, user="u1", identifiers=device),
            a_touchpoint("page", at=2, user="u2", identifiers=mail),
        )
        await worker.take(both(3), both(4))
        cutting = Cutting(worker)
        await cutting.declare()
        await cutting.finish()
        await worker.take(both(CUT + 10), both(CUT + 20, message_id="m"))
        assert await counted() == [("two_known", 4, 3, CUT + 20)]
        await worker.take(both(CUT + 5))  # late: the set is computed again
        assert await counted() == [("two_known", 5, 3, CUT + 20)]
        earlier = a_touchpoint(
            "page", at=CUT + 20, identifiers=device, message_id="m", received=CUT + 15
        )
        await worker.take(earlier)
        assert await counted() == [("two_known", 4, 3, CUT + 10)]
