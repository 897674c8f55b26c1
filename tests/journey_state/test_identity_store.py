"""Identity in the store against the whole fold: whatever comes in whatever order and batches."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from itertools import count
from random import Random

import pytest_asyncio
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.contracts import touchpoint as wire
from services.journey_state.definition import shipped
from services.journey_state.event import read_touchpoint
from services.journey_state.identity import Fact, fact_of
from services.journey_state.journey import fold
from services.journey_state.owners import IdentityBounds
from services.journey_state.ownership import Link, Ownership, Unlink
from services.journey_state.ownership import fold as fold_identities
from services.journey_state.touchpoint import Touchpoint
from tests.journey_state.identity_model import groups
from tests.journey_state.identity_store import Kept, Stand, a_stand, kept
from tests.journey_state.running import a_touchpoint
from tests.journey_state.test_identity_properties import histories, operator_facts

EVENTS = ("page", "Product Viewed", "Order Completed", "Product Added", "Product Shared")
examples = count()


@pytest_asyncio.fixture(scope="module")
async def stand(module_database_url: str) -> AsyncIterator[Stand]:
    async with a_stand(module_database_url) as stand:
        yield stand


def sent(fact: Fact, prefix: str) -> wire.Touchpoint:
    """The touchpoint that states the fact, its identifiers in the example's own names."""
    time = fact.place[0]
    return a_touchpoint(
        EVENTS[time % len(EVENTS)],
        at=time,
        type=fact.call,
        identifiers={kind: prefix + value for kind, value in fact.identifiers},
        previous_id=fact.previous_id and prefix + fact.previous_id,
        message_id=f"{prefix}m{time:02}",
    )


def received(one: wire.Touchpoint, prefix: str) -> Touchpoint:
    """It as the fold takes it, with the names of the model again."""
    touchpoint = read_touchpoint(wire.encode(one)).touchpoint
    fields = {name: getattr(touchpoint, name) for name in touchpoint.__struct_fields__}
    fields["identifiers"] = {k: v[len(prefix) :] for k, v in touchpoint.identifiers.items()}
    fields["previous_id"] = touchpoint.previous_id and touchpoint.previous_id[len(prefix) :]
    return Touchpoint(**fields)


def expect(found: Kept, ownership: Ownership, touchpoints: list[Touchpoint]) -> None:
    """The store holds what the fold says, up to the names of customers."""
    primary = {t.place: fact_of(t).primary for t in touchpoints}
    ours = [((i, p), o) for i, held in ownership.periods.items() for p, o in held]
    theirs = [((i, p), o) for i, held in found.periods.items() for p, o in held]
    assert groups([*theirs, *((p, found.owner_at(i, p)) for p, i in primary.items())]) == groups(
        [*ours, *ownership.touchpoints.items()]
    )
    ids = {o: found.owner[i] for i, held in ownership.periods.items() for _, o in held[-1:]}
    ids |= {
        o: theirs_
        for i, held in ownership.periods.items()
        for (_, o), (_, theirs_) in zip(held, found.periods[i], strict=True)
    }
    assert found.conflicts == {
        (row.identifier, ids[row.from_owner], ids[row.to_owner], row.reason): (
            tally.count,
            tally.first,
            tally.last,
        )
        for row, tally in ownership.conflicts.items()
    }
    assert found.moves == {i: len(held) - 1 for i, held in ownership.periods.items()}
    by_owner = defaultdict(list)
    for one in touchpoints:
        by_owner[ownership.touchpoints[one.place]].append(one)
    for owner, customer_id in ids.items():
        history = fold(shipped(), by_owner[owner]).history
        assert found.histories[customer_id] == [t.message_id for t in history]
        stage = history[-1].stage if history else "none"
        assert found.states[customer_id].journey.stage == stage
        assert found.snapshots[customer_id]
    expect_ids(found)


def expect_ids(found: Kept) -> None:
    """Every id means a customer that is there, and customers own what is theirs."""
    owned = defaultdict(set)
    for identifier, owner in found.owner.items():
        owned[owner].add(identifier)
    for customer_id, state in found.states.items():
        if customer_id in found.merged:
            assert found.merged[customer_id] not in found.merged
            assert not found.snapshots[customer_id]
            assert not found.histories.get(customer_id)
        else:
            mine = [(o.kind, o.value[len(found.prefix) :]) for o in state.identifiers]
            assert sorted(mine) == sorted(owned[customer_id])


def prefixed(fact: Link | Unlink, prefix: str, at: int) -> Link | Unlink:
    if isinstance(fact, Unlink):
        return Unlink((fact.identifier[0], prefix + fact.identifier[1]), at)
    a, b = ((kind, prefix + value) for kind, value in (fact.a, fact.b))
    return Link(a, b, at)


def model_of(fact: Link | Unlink, at: int) -> Link | Unlink:
    """The fact as it was done: in the order in which operators came to it."""
    return Link(fact.a, fact.b, at) if isinstance(fact, Link) else Unlink(fact.identifier, at)


@settings(
    max_examples=80,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    facts=histories(),
    operator=st.just([]) | operator_facts,
    bounds=st.sampled_from([(100, 20), (100, 20), (100, 1), (2, 20), (3, 2), (4, 20)]),
    random=st.randoms(use_true_random=False),
)
async def test_any_arrival_order_and_batching_gives_what_the_fold_says(
    stand: Stand,
    facts: list[Fact],
    operator: list[Link | Unlink],
    bounds: tuple[int, int],
    random: Random,
) -> None:
    prefix = f"x{next(examples)}-"
    limits = IdentityBounds(*bounds)
    records = [sent(fact, prefix) for fact in facts]
    arriving = [*records, *random.sample(records, len(records) // 3)]
    random.shuffle(arriving)
    done: list[Link | Unlink] = []
    to_do = [fact for fact in operator if not isinstance(fact, Link) or fact.a != fact.b]
    while arriving or to_do:
        if to_do and random.random() < len(to_do) / (len(arriving) + len(to_do)):
            at = 1 + len(done)
            done.append(model_of(to_do[0], at))
            await stand.operate(prefixed(to_do.pop(0), prefix, at), limits)
            continue
        size = random.randint(1, 5)
        batch, arriving = arriving[:size], arriving[size:]
        await stand.apply(batch, bounds=limits)
    touchpoints = [received(one, prefix) for one in records]
    ownership = fold_identities(
        [fact_of(t) for t in touchpoints], done, identifiers_max=bounds[0], moves_max=bounds[1]
    )
    expect(await kept(stand.store, prefix), ownership, touchpoints)


@settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(facts=histories(), random=st.randoms(use_true_random=False))
async def test_lanes_that_link_the_same_people_at_once_give_what_the_fold_says(
    stand: Stand, facts: list[Fact], random: Random
) -> None:
    prefix = f"x{next(examples)}-"
    records = [sent(fact, prefix) for fact in facts]
    lanes = [random.sample(records, len(records)) for _ in range(2)]

    async def run(partition: int, arriving: list[wire.Touchpoint]) -> None:
        for start in range(0, len(arriving), 3):
            await stand.apply(arriving[start : start + 3], partition=partition)

    await asyncio.gather(*(run(number, lane) for number, lane in enumerate(lanes)))
    touchpoints = [received(one, prefix) for one in records]
    ownership = fold_identities([fact_of(t) for t in touchpoints])
    expect(await kept(stand.store, prefix), ownership, touchpoints)
