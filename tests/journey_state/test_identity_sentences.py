"""Identity in a real store: the sentences of semantics 2.2 and 2.3 at their real bounds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from itertools import count
from typing import Any

import pytest_asyncio

from services.contracts import touchpoint as wire
from services.journey_state.owners import IDENTIFIERS_MAX, MOVES_MAX, IdentityBounds
from services.journey_state.ownership import Link, Unlink
from services.journey_state.touchpoint import Identifier
from tests.journey_state.identity_store import Kept, Stand, a_stand, kept
from tests.journey_state.running import START_US, a_touchpoint

U1, U2, U3 = ("user_id", "u1"), ("user_id", "u2"), ("user_id", "u3")
A1, A2 = ("anonymous_id", "a1"), ("anonymous_id", "a2")
E1, T1 = ("email", "e1"), ("telegram", "t1")
BATCH = 60
prefixes = count()


class People:
    """The identifiers of one test in a store that it shares with others."""

    def __init__(self, stand: Stand) -> None:
        self.prefix = f"p{next(prefixes)}-"
        self._stand = stand

    async def take(self, *touchpoints: wire.Touchpoint) -> None:
        """Batch by batch, in the order given."""
        for start in range(0, len(touchpoints), BATCH):
            await self._stand.apply(touchpoints[start : start + BATCH])

    async def operate(
        self,
        fact: Link | Unlink,
        bounds: IdentityBounds = IdentityBounds(),  # noqa: B008 - frozen
    ) -> None:
        own: Link | Unlink = (
            Link(self._own(fact.a), self._own(fact.b), fact.at)
            if isinstance(fact, Link)
            else Unlink(self._own(fact.identifier), fact.at)
        )
        await self._stand.operate(own, bounds)

    async def timeline(self) -> list[Any]:
        """The stored touchpoints, each with what changes when its row is written anew."""
        async with self._stand.store.connection() as connection:
            return list(
                await connection.fetch(
                    "SELECT message_id, identifier_key, tableoid, ctid::text, xmin::text "
                    "FROM timeline WHERE starts_with(message_id, $1) ORDER BY message_id",
                    self.prefix,
                )
            )

    async def kept(self) -> Kept:
        return await kept(self._stand.store, self.prefix)

    def _own(self, identifier: Identifier) -> Identifier:
        return identifier[0], self.prefix + identifier[1]

    def event(self, at: float, *identifiers: Identifier, **more: Any) -> wire.Touchpoint:
        """A visit that names these."""
        named = dict(map(self._own, identifiers))
        more = {"type": "page", "message_id": f"{self.prefix}{at}", **more}
        return a_touchpoint(more.pop("event", "page"), at=at, identifiers=named, **more)

    def alias(self, at: float, *identifiers: Identifier, previous: str) -> wire.Touchpoint:
        """One that says who they were before."""
        before = self.prefix + previous
        return self.event(at, *identifiers, type="alias", event="alias", previous_id=before)

    def many(self, owner: Identifier, kind: str, number: int, at: float) -> list[wire.Touchpoint]:
        """Visits of one owner, each with one more identifier of this kind, from a time on."""
        name = f"{owner[1]}-{kind}-"
        return [self.event(at + n / 1000, owner, (kind, f"{name}{n:03}")) for n in range(number)]


@pytest_asyncio.fixture(scope="module")
async def stand(module_database_url: str) -> AsyncIterator[Stand]:
    async with a_stand(module_database_url) as stand:
        yield stand


@pytest_asyncio.fixture
async def people(stand: Stand) -> People:
    return People(stand)


def owned(found: Kept, customer_id: bytes) -> list[Identifier]:
    return sorted(i for i, owner in found.owner.items() if owner == customer_id)


def rows(found: Kept, *reasons: str) -> dict[tuple[Identifier, str], tuple[int, float, float]]:
    """The conflicts of these reasons: count, first and last in seconds."""
    return {
        (identifier, reason): (times, seconds(first), seconds(last))
        for (identifier, _, _, reason), (times, first, last) in found.conflicts.items()
        if reason in reasons
    }


def seconds(at: int) -> float:
    return (at - START_US) / 1_000_000


def belongs(found: Kept, identifier: Identifier, at: float, people: People) -> bytes:
    """Whose a visit with this primary identifier is."""
    place = (START_US + round(at * 1_000_000), f"{people.prefix}{at}", "shop")
    return found.owner_at(identifier, place)


async def test_of_more_than_a_hundred_identifiers_the_rest_stay_apart(people: People) -> None:
    await people.take(*people.many(U1, "phone", 120, 0))
    found = await people.kept()
    user = found.owner[U1]
    assert len(owned(found, user)) == IDENTIFIERS_MAX
    apart = sorted(i for i, owner in found.owner.items() if owner != user)
    assert apart == [("phone", f"u1-phone-{n:03}") for n in range(IDENTIFIERS_MAX - 1, 120)]
    assert len({found.owner[i] for i in apart}) == len(apart)
    refused = {row: n for row, (n, _, _) in found.conflicts.items()}
    assert refused == {(i, found.owner[i], user, "cap"): 1 for i in apart}


async def test_an_anonymous_customer_that_does_not_fit_stays_whole_and_apart(
    people: People,
) -> None:
    await people.take(*people.many(U1, "phone", 98, 0), people.event(1, A1, E1))
    await people.take(people.event(2, U1, A1), people.event(3, U1, A1))
    found = await people.kept()
    assert owned(found, found.owner[A1]) == [A1, E1]
    assert rows(found, "cap") == {(A1, "cap"): (2, 2.0, 3.0)}
    await people.take(people.event(4, U1, A2))
    found = await people.kept()
    assert found.owner[A2] == found.owner[U1]
    assert len(owned(found, found.owner[U1])) == IDENTIFIERS_MAX


async def test_a_device_does_not_move_to_a_customer_who_is_full(people: People) -> None:
    await people.take(people.event(1, U2, A1), *people.many(U1, "phone", 99, 2))
    await people.take(people.event(3, U1, A1))
    found = await people.kept()
    assert found.owner[A1] == found.owner[U2]
    assert found.moves[A1] == 0
    assert rows(found, "cap", "moved") == {(A1, "cap"): (1, 3.0, 3.0)}


async def test_an_alias_of_two_users_who_own_too_many_together_is_not_applied(
    people: People,
) -> None:
    # Aliases of users stand before all other touchpoints: only they can take the room of one.
    before = [("user_id", f"before-{n:03}") for n in range(IDENTIFIERS_MAX)]
    await people.take(*(people.event(n / 1000, one) for n, one in enumerate(before)))
    await people.take(
        *(people.alias(1 + n / 1000, U2, previous=one[1]) for n, one in enumerate(before))
    )
    found = await people.kept()
    *joined, refused = before
    assert {found.owner[one] for one in joined} == {found.owner[U2]}
    assert found.owner[refused] != found.owner[U2]
    assert rows(found, "cap") == {(refused, "cap"): (1, 1.099, 1.099)}


async def test_a_link_of_two_users_who_own_too_many_together_is_not_applied(
    people: People,
) -> None:
    two = IdentityBounds(identifiers_max=2)
    await people.take(people.event(1, U1), people.event(2, U2), people.event(3, U3))
    await people.operate(Link(U1, U2, START_US + 4_000_000), two)
    await people.operate(Link(U1, U3, START_US + 5_000_000), two)
    found = await people.kept()
    assert found.owner[U1] == found.owner[U2] != found.owner[U3]
    assert rows(found, "cap") == {(U3, "cap"): (1, 5.0, 5.0)}


async def test_a_link_stands_first_and_what_came_after_finds_less_room(people: People) -> None:
    await people.take(*people.many(U1, "phone", 60, 0), *people.many(U2, "phone", 60, 1))
    await people.operate(Link(U1, U2, START_US + 2_000_000))
    found = await people.kept()
    assert found.owner[U1] == found.owner[U2]
    assert len(owned(found, found.owner[U1])) == IDENTIFIERS_MAX
    refused = rows(found, "cap")
    assert [times for times, _, _ in refused.values()] == [1] * 22
    assert {i[0] for i, _ in refused} == {"phone"}


async def test_a_device_that_moved_twenty_times_stays_with_its_last_owner(people: People) -> None:
    visits = [people.event(n, (U1, U2)[n % 2], A1) for n in range(26)]
    later = [people.event(30, A1), people.event(31, A1, E1), people.event(32, E1)]
    await people.take(*visits, *later)
    found = await people.kept()
    last = found.owner[(U1, U2)[MOVES_MAX % 2]]
    assert (found.moves[A1], len(found.periods[A1])) == (MOVES_MAX, MOVES_MAX + 1)
    assert found.owner[A1] == last
    # It moves no more, also with a touchpoint that names the other user, and links no more.
    assert belongs(found, A1, 30, people) == belongs(found, A1, 31, people) == last
    assert found.owner[E1] not in (found.owner[U1], found.owner[U2])
    refused = {
        row[1:4]: (times, seconds(first), seconds(last))
        for row, (times, first, last) in found.conflicts.items()
    }
    other, nobody = found.owner[U2], found.owner[E1]
    assert refused == {
        (last, other, "moved"): (10, 1.0, 19.0),
        (other, last, "moved"): (10, 2.0, 20.0),
        (last, other, "shared"): (3, 21.0, 25.0),
        (last, nobody, "shared"): (1, 31.0, 31.0),
    }


async def test_each_move_is_counted_by_whom_it_went_between(people: People) -> None:
    await people.take(*(people.event(n, (U1, U2)[n % 2], A1) for n in range(7)))
    found = await people.kept()
    one, other = found.owner[U1], found.owner[U2]
    moved = {
        row[1:3]: (times, seconds(first), seconds(last))
        for row, (times, first, last) in found.conflicts.items()
    }
    assert moved == {(one, other): (3, 1.0, 5.0), (other, one): (3, 2.0, 6.0)}


async def test_what_is_refused_again_is_one_row_with_its_first_and_last_time(
    people: People,
) -> None:
    await people.take(people.event(1, U1, A1), people.event(2, U2, E1))
    for at in (5, 9, 3):  # the last one comes late
        await people.take(people.event(at, A1, E1))
    found = await people.kept()
    assert rows(found, "two_known") == {(E1, "two_known"): (3, 3.0, 9.0)}
    assert found.owner[E1] == found.owner[U2]


async def test_a_value_that_only_a_bot_carries_as_user_is_no_user(people: People) -> None:
    await people.take(people.event(1, U1, bot=True), people.event(2, ("anonymous_id", "u1")))
    await people.take(people.alias(3, U2, previous="u1"))
    found = await people.kept()
    assert found.owner[("anonymous_id", "u1")] == found.owner[U2]
    assert U1 not in found.owner


async def test_a_previous_id_becomes_a_user_when_one_is_met_later(people: People) -> None:
    await people.take(people.event(2, ("anonymous_id", "u1")), people.alias(3, U2, previous="u1"))
    assert len((await people.kept()).states) == 1
    await people.take(people.event(1, U1, A1))
    found = await people.kept()
    # The alias joins users, and its value is no anonymous id any more.
    assert found.owner[U1] == found.owner[U2] == found.owner[A1]
    assert found.owner[("anonymous_id", "u1")] != found.owner[U2]


async def test_an_alias_without_a_user_does_nothing_to_a_user(people: People) -> None:
    await people.take(people.event(1, U1), people.event(2, A1), people.alias(3, A1, previous="u1"))
    found = await people.kept()
    assert found.owner[A1] != found.owner[U1]
    assert set(found.owner) == {U1, A1}


async def test_bots_link_nothing_and_repeats_of_an_order_do(people: People) -> None:
    order = {"event": "Order Completed", "type": "track", "properties": {"order_id": "7"}}
    await people.take(people.event(1, U1, A1, bot=True), people.event(2, U1, **order))
    await people.take(people.event(3, U1, E1, **order))
    found = await people.kept()
    assert A1 not in found.owner
    assert found.owner[E1] == found.owner[U1]
    assert found.histories[found.owner[U1]] == [f"{people.prefix}2"]


async def test_an_unlinked_identifier_stays_out_until_it_is_linked(people: People) -> None:
    await people.take(people.event(1, A1), people.event(2, U1, A1))
    joined = (await people.kept()).owner[U1]
    await people.operate(Unlink(A1, START_US + 3_000_000))
    await people.take(people.event(4, U1, A1), people.event(5, A1, E1))
    apart = await people.kept()
    assert apart.owner[A1] != apart.owner[U1] == joined
    assert apart.owner[E1] not in (apart.owner[A1], joined)
    assert not apart.conflicts
    await people.operate(Link(U1, A1, START_US + 6_000_000))
    found = await people.kept()
    assert {found.owner[i] for i in (U1, A1, E1)} == {joined}
    await people.take(people.event(7, U1, A1))
    assert (await people.kept()).owner == found.owner


async def test_ids_given_up_resolve_through_every_join(people: People) -> None:
    ids: list[bytes] = []
    for n, identifier in enumerate((A1, E1, T1, U1)):
        await people.take(people.event(n, identifier))
        ids.append((await people.kept()).owner[identifier])
    for at, pair in ((10, (A1, E1)), (11, (E1, T1)), (12, (U1, T1))):
        await people.take(people.event(at, *pair))
    found = await people.kept()
    assert found.merged == dict.fromkeys(ids[:3], ids[3])
    assert found.owner[A1] == ids[3]


async def test_parted_customers_have_their_ids_again_and_versions_go_on(people: People) -> None:
    await people.take(people.event(1, A1), people.event(2, U1))
    before = await people.kept()
    versions = _versions(before, (A1, U1))
    await people.take(people.event(3, U1, A1))
    assert (await people.kept()).merged == {before.owner[A1]: before.owner[U1]}
    await people.operate(Unlink(A1, START_US + 4_000_000))
    found = await people.kept()
    assert {i: found.owner[i] for i in (A1, U1)} == {i: before.owner[i] for i in (A1, U1)}
    assert not found.merged
    assert all(new > old for new, old in zip(_versions(found, (A1, U1)), versions, strict=True))


async def test_merges_and_splits_rewrite_owners_and_no_touchpoint(people: People) -> None:
    await people.take(people.event(1, A1), people.event(2, U1), people.event(3, U2, E1))
    stored = await people.timeline()
    await people.operate(Link(U1, A1, START_US + 4_000_000))
    await people.operate(Link(U1, U2, START_US + 5_000_000))
    assert len(set((await people.kept()).owner.values())) == 1
    await people.operate(Unlink(A1, START_US + 6_000_000))
    assert len(set((await people.kept()).owner.values())) == 2
    assert len(stored) == 3
    assert await people.timeline() == stored


def _versions(found: Kept, identifiers: Sequence[Identifier]) -> list[int]:
    return [found.states[found.owner[i]].state_version for i in identifiers]
