"""A connected set of identifiers, locked and read whole: what identity is a fold over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from uuid import UUID

import msgspec

from services.contracts.touchpoint import kind_order
from services.journey_state import checkpoint
from services.journey_state.customer import Customer, decode_state
from services.journey_state.identity import Fact
from services.journey_state.keys import identifier_key
from services.journey_state.ownership import Link, Unlink
from services.journey_state.store import cuts, facts, links, people
from services.journey_state.store.facts import TimelineRow
from services.journey_state.store.links import LinkedIdentifier, OperatorLink
from services.journey_state.store.people import Period
from services.journey_state.store.pool import Connection
from services.journey_state.touchpoint import Identifier, Place

# More are not computed again: a fact that would take it is applied where it arrives.
CONNECTED_IDENTIFIERS_MAX = 5_000
SHOWN_MAX = 3  # customers that an error names


class StaleReadError(Exception):
    """Another worker changed an owner between our read and our lock: do the batch again."""


class OwnerLostError(Exception):
    """Rows were lost or changed by hand: trying again does not help, a rebuild does."""

    def __init__(self, customer_ids: Iterable[bytes]) -> None:
        shown = ", ".join(str(UUID(bytes=one)) for one in sorted(customer_ids)[:SHOWN_MAX])
        super().__init__(
            f"customer {shown} should own these identifiers, but has no row, or one that does not "
            "own them; run `milepost replay --from T`, T being before their first touchpoint"
        )


@dataclass(frozen=True, slots=True)
class StoredFact:
    """A touchpoint of the timeline as identity sees it, and the key it is stored under."""

    fact: Fact
    key: bytes


@dataclass(slots=True)
class ConnectedSet:
    """All that is stored of one connected set; its customers are locked."""

    keys: frozenset[bytes]
    identifiers: dict[bytes, LinkedIdentifier] = field(default_factory=dict)
    periods: dict[bytes, list[Period]] = field(default_factory=lambda: defaultdict(list))
    customers: dict[bytes, Customer] = field(default_factory=dict)
    merged: dict[bytes, bytes] = field(default_factory=dict)  # ids merged away -> into whom
    facts: list[StoredFact] = field(default_factory=list)
    removed: list[Fact] = field(default_factory=list)  # those that have just left the timeline
    operator: list[Link | Unlink] = field(default_factory=list)

    def owner_at(self, key: bytes, place: Place) -> bytes | None:
        """Whose a touchpoint there, stored under this key, has been so far."""
        held = self.periods.get(key)
        if not held:
            row = self.identifiers.get(key)
            return None if row is None else row.customer_id
        owner = held[0].customer_id
        for period in held[1:]:
            if period.start > place:
                break
            owner = period.customer_id
        return owner


class Groups:
    """Which keys belong together: a union-find."""

    def __init__(self) -> None:
        self._parent: dict[bytes, bytes] = {}

    def of(self, key: bytes) -> bytes:
        """The key that stands for the group."""
        parent = self._parent.setdefault(key, key)
        while parent != key:
            self._parent[key] = self._parent[parent]
            key, parent = parent, self._parent[parent]
        return key

    def __contains__(self, key: bytes) -> bool:
        return key in self._parent

    def join(self, keys: Iterable[bytes]) -> None:
        """These belong together."""
        first = None
        for key in keys:
            root = self.of(key)
            if first is None:
                first = root
            self._parent[root] = first

    def all(self) -> list[frozenset[bytes]]:
        """Every group, in an order of their own."""
        found: dict[bytes, list[bytes]] = defaultdict(list)
        for key in list(self._parent):
            found[self.of(key)].append(key)
        return sorted(map(frozenset, found.values()), key=min)


async def reach(
    connection: Connection, seeds: Collection[bytes], together: Sequence[frozenset[bytes]]
) -> Groups | None:
    """The connected sets of the seeds, `together` being what the batch itself links.

    None: they hold more than CONNECTED_IDENTIFIERS_MAX identifiers.
    """
    groups = Groups()
    for key in seeds:
        groups.of(key)
    reached: set[bytes] = set()
    wanted = set(seeds)
    while wanted:
        limit = CONNECTED_IDENTIFIERS_MAX + 1
        found: set[bytes] = set()
        for key, linked in await links.connected(connection, wanted, limit):
            found.add(key)
            groups.join((key,) if linked is None else (key, linked))
        reached |= found
        if len(reached) >= limit:
            return None
        touched = [named for named in together if not named.isdisjoint(reached)]
        for named in touched:
            groups.join(named)
        wanted = set().union(*touched) - reached
    return groups


async def read_sets(
    connection: Connection,
    groups: Groups,
    held: dict[bytes, Customer],
    strays: Mapping[bytes, bytes] = MappingProxyType({}),
) -> list[ConnectedSet]:
    """Lock and read the sets; `held` are customers that the caller has locked already.

    `strays`: more customers, each of the set that holds the key. Never waits for a lock, so that
    workers cannot deadlock. What is reached may have changed until the locks were had: the caller
    asks once more. Raises StaleReadError, OwnerLostError.
    """
    sets = [ConnectedSet(keys) for keys in groups.all()]
    by_root = {groups.of(next(iter(one.keys))): one for one in sets}
    keys = [key for one in sets for key in one.keys]
    more = {i: by_root[groups.of(key)] for i, key in strays.items() if key in groups}
    ids = await _customers_of(connection, keys, more)
    rows = await people.lock_customers(connection, ids, skip_locked=True)
    if len(rows) != len(ids) or ids != await _customers_of(connection, keys, more):
        lost = await people.without_row(connection, keys)
        raise OwnerLostError(lost) if lost else StaleReadError
    home: dict[bytes, ConnectedSet] = dict(more)
    for identifier in await links.read_identifiers(connection, keys):
        one = by_root[groups.of(identifier.identifier_key)]
        one.identifiers[identifier.identifier_key] = identifier
        if identifier.customer_id is not None:
            home[identifier.customer_id] = one
    for period in await people.read_periods(connection, keys):
        one = by_root[groups.of(period.identifier_key)]
        one.periods[period.identifier_key].append(period)
        home[period.customer_id] = one
    for row in rows:
        one = home.get(row.merged_into or row.customer_id) or home[row.customer_id]
        customer = held.get(row.customer_id) or Customer.found(
            row.customer_id, decode_state(row.state), row.definition_id
        )
        one.customers[row.customer_id] = customer
        if row.merged_into is not None:
            one.merged[row.customer_id] = row.merged_into
    for fact in await _facts_of(connection, keys):
        by_root[groups.of(fact.key)].facts.append(fact)
    for key, link in await links.operator_links(connection, keys):
        by_root[groups.of(key)].operator.append(operator_fact(link))
    return sets


async def _customers_of(
    connection: Connection, keys: Collection[bytes], more: Collection[bytes]
) -> list[bytes]:
    found = await links.customers_of(connection, keys)
    return sorted({*found, *more}) if more else found


async def _facts_of(connection: Connection, keys: Sequence[bytes]) -> list[StoredFact]:
    """The touchpoints under these keys, and before them what was known at the cut."""
    cut = await cuts.read_cut(connection)
    found = stored_facts(await facts.read_timeline(connection, keys, since=cut.reached_at))
    if cut.reached_at is not None:
        for key, body in await cuts.read_checkpoints(connection, keys, cut.reached_at):
            found.append(StoredFact(checkpoint.decode(body).fact(), key))
    return found


def operator_fact(link: OperatorLink) -> Link | Unlink:
    """What an operator did, as the fold takes it."""
    first = (link.a_kind, link.a_value)
    if link.b_kind is None or link.b_value is None:
        return Unlink(first, link.at)
    return Link(first, (link.b_kind, link.b_value), link.at)


class _Wire(msgspec.Struct, gc=False):
    """The fields of a touchpoint record that identity uses."""

    type: str
    identifiers: dict[str, str]
    previous_id: str | None = None
    bot: bool = False


_decode = msgspec.json.Decoder(_Wire).decode


def stored_facts(rows: Iterable[TimelineRow]) -> list[StoredFact]:
    """The touchpoints that identity looks at: those of bots link nothing."""
    in_order: dict[tuple[Identifier, ...], tuple[Identifier, ...]] = {}
    found = []
    for row in rows:
        wire = _decode(row.body)
        if wire.bot:
            continue
        as_told = tuple(wire.identifiers.items())
        identifiers = in_order.get(as_told)
        if identifiers is None:
            identifiers = tuple(sorted(as_told, key=lambda i: kind_order(i[0])))
            in_order[as_told] = identifiers
        fact = Fact(
            place=(row.occurred_at, row.message_id, row.source),
            identifiers=identifiers,
            call=wire.type,
            previous_id=wire.previous_id,
        )
        found.append(StoredFact(fact, row.identifier_key))
    return found


def mentioned(fact: Fact) -> list[Identifier]:
    """All that the fact names, whatever its previous id turns out to be."""
    if fact.call == "consent":
        return [fact.primary]
    named = list(fact.identifiers)
    if fact.call == "alias" and fact.previous_id:
        named += [("user_id", fact.previous_id), ("anonymous_id", fact.previous_id)]
    return list(dict.fromkeys(named))


def mentioned_keys(fact: Fact) -> frozenset[bytes]:
    """The keys of all that the fact names."""
    return frozenset(identifier_key(*identifier) for identifier in mentioned(fact))
