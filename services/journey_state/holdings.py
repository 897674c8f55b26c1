"""Who owned which identifier at which place: what assigns stored touchpoints to customers."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.journey_state.store import people
from services.journey_state.store.pool import Connection
from services.journey_state.touchpoint import Place


@dataclass(frozen=True, slots=True)
class Holdings:
    """Of identifiers that some customers own or owned for a while: whose they were when."""

    keys: Sequence[bytes]
    _now: Mapping[bytes, bytes]  # of those that never moved
    _periods: Mapping[bytes, Sequence[tuple[Place, bytes]]]

    def has_moved(self, key: bytes) -> bool:
        """Whether the identifier has had more than one owner."""
        return key in self._periods

    def owner_at(self, key: bytes, place: Place) -> bytes | None:
        """The owner at a place; each period lasts until the next one starts."""
        periods = self._periods.get(key)
        if not periods:
            return self._now.get(key)
        index = bisect_right(periods, place, key=lambda period: period[0])
        return periods[max(index - 1, 0)][1]

    def moves_after(self, key: bytes, place: Place) -> int:
        """How often the identifier has moved since a place; the first period is no move."""
        starts = [start for start, _ in self._periods.get(key, ())][1:]
        return len(starts) - bisect_right(starts, place)


async def load_holdings(connection: Connection, customer_ids: Iterable[bytes]) -> Holdings:
    """All that these customers own or ever owned."""
    owned = await people.owned_keys(connection, list(customer_ids))
    keys = sorted({key for _, key in owned})
    periods: dict[bytes, list[tuple[Place, bytes]]] = defaultdict(list)
    for period in await people.read_periods(connection, keys):
        periods[period.identifier_key].append((period.start, period.customer_id))
    now = {key: customer_id for customer_id, key in owned if key not in periods}
    return Holdings(keys, now, dict(periods))
