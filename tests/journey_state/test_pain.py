"""Shares and their intervals, and what is found in counts with pain planted in them, or without."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections import Counter
from functools import cache
from itertools import accumulate, product
from math import comb, prod, sqrt

from hypothesis import given
from hypothesis import strategies as st

from services.journey_state.insights import PLAIN_MIN, facts
from services.journey_state.pain import (
    CHANCE,
    PEOPLE_MIN,
    STRUCK,
    Cell,
    Dimension,
    Sides,
    Tally,
    look,
)
from services.journey_state.proportions import Share, difference, one_sided, wilson

SEEDS = 300
WEEKS_SEEDS = 100
STAGES = ("awareness", "consideration", "purchase")
USUAL = {"leaked": 0.5, "stalled": 0.25, "looped": 0.1, "erred": 0.03, "abandoned": 0.3}
WAYS: dict[Dimension, tuple[tuple[str, float], ...]] = {
    "channel": (("website", 0.6), ("app", 0.3), ("email", 0.1)),
    "device": (("desktop", 0.5), ("mobile", 0.4), ("tablet", 0.1)),
    "campaign": (("spring", 0.3), ("fall", 0.2), ("", 0.5)),
}
CAUSES = {"erred": "Payment Failed", "abandoned": "cart", "repeated": "Support Requested"}

shares = st.integers(0, 400).flatmap(lambda n: st.builds(Share, st.integers(0, n), st.just(n)))
zs = st.floats(0.1, 6)


@given(shares, zs)
def test_an_interval_lies_within_bounds_around_the_share(share: Share, z: float) -> None:
    low, high = wilson(share, z)
    assert 0 <= low <= share.value + 1e-9
    assert share.value - 1e-9 <= high <= 1


@given(shares, zs)
def test_an_interval_of_the_others_is_its_mirror(share: Share, z: float) -> None:
    low, high = wilson(share, z)
    mirrored = wilson(Share(share.of - share.people, share.of), z)
    if share.of:
        assert abs(mirrored.low - (1 - high)) < 1e-9
        assert abs(mirrored.high - (1 - low)) < 1e-9


@given(shares, zs, st.integers(2, 50))
def test_more_people_make_an_interval_narrower(share: Share, z: float, times: int) -> None:
    few = wilson(share, z)
    many = wilson(Share(share.people * times, share.of * times), z)
    assert many.high - many.low <= few.high - few.low + 1e-9


@given(shares, shares, zs)
def test_a_difference_turns_its_sign_with_its_sides(one: Share, other: Share, z: float) -> None:
    there, back = difference(one, other, z), difference(other, one, z)
    assert abs(there.low + back.high) < 1e-9
    assert there.low - 1e-9 <= one.value - other.value <= there.high + 1e-9


def test_wilson_gives_the_values_of_the_literature() -> None:
    # Newcombe 1998, Statistics in Medicine 17, tables I (method 3) and II (method 10).
    low, high = wilson(Share(81, 263), one_sided(0.025))
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    low, high = difference(Share(56, 70), Share(48, 80), one_sided(0.025))
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    n, p, z = 80, 0.3, one_sided(0.025)
    chances = [comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
    covered = sum(
        c
        for k, c in enumerate(chances)
        if wilson(Share(k, n), z)[0] <= p <= wilson(Share(k, n), z)[1]
    )
    assert 0.93 < covered < 0.97


Planted = dict[tuple[str, str, str], float]  # part, stage, value of a way -> chance

COMBINATIONS = [
    (tuple(name for name, _ in ways), prod(weight for _, weight in ways))
    for ways in product(*WAYS.values())
]


@cache
def odds(n: int, chance: float) -> list[float]:
    """Of how many of `n`, or fewer, are struck."""
    return list(accumulate(comb(n, k) * chance**k * (1 - chance) ** (n - k) for k in range(n + 1)))


def binomial(chosen: random.Random, n: int, chance: float) -> int:
    if n * chance * (1 - chance) > 25:  # as good as normal
        drawn = round(chosen.gauss(n * chance, sqrt(n * chance * (1 - chance))))
        return max(0, min(n, drawn))
    return min(n, bisect_left(odds(n, chance), chosen.random()))


def period(chosen: random.Random, people: int, planted: Planted) -> Tally:
    """People who come to stages by ways, and are struck as usual or as planted."""
    tally: Counter[Cell] = Counter()
    for stage, (names, weight) in product(STAGES, COMBINATIONS):
        ways: list[tuple[Dimension, str]] = [("all", ""), *zip(WAYS, names, strict=True)]
        n = binomial(chosen, 2 * round(people * weight), 0.5)
        struck = {STRUCK[part][1]: n for part in USUAL}
        for part, usual in USUAL.items():
            chances = [
                planted[part, stage, name] for name in names if (part, stage, name) in planted
            ]
            struck[part] = binomial(chosen, n, chances[0] if chances else usual)
        for part, count in struck.items():
            for dimension, value in ways:
                if value or dimension == "all":
                    tally[Cell(part, stage, CAUSES.get(part), dimension, value)] += count
    return tally


def lived(seed: int, people: int, planted: Planted) -> Sides:
    """A period with pain, after one without."""
    chosen = random.Random(seed)
    before = period(chosen, people, {})
    return Sides(period(chosen, people, planted), before)


def weeks(seed: int, people: int, planted: Planted) -> tuple[Sides, Sides]:
    """Four weeks of which the last has pain, and this one beside the week before it."""
    chosen = random.Random(seed)
    before, earlier = period(chosen, 4 * people, {}), period(chosen, 2 * people, {})
    calm, last = period(chosen, people, {}), period(chosen, people, planted)
    now: Counter[Cell] = Counter(earlier)
    now.update(calm)
    now.update(last)
    return Sides(now, before), Sides(last, calm)


def test_where_nothing_has_changed_it_is_silent() -> None:
    alarms = 0
    for seed in range(SEEDS):
        found = look(lived(seed, 150, {}))
        assert found.checked > 50
        alarms += bool(found.pains)
    assert alarms <= SEEDS * CHANCE


def test_where_nothing_has_changed_the_last_week_is_silent_too() -> None:
    alarms = 0
    for seed in range(WEEKS_SEEDS):
        found = look(*weeks(seed, 100, {}))
        assert found.checked > 100
        alarms += bool(found.pains)
    assert alarms <= WEEKS_SEEDS * CHANCE


def test_without_a_past_it_is_silent_where_cells_are_alike() -> None:
    alarms = 0
    for seed in range(SEEDS, SEEDS + 100):
        now = lived(seed, 150, {}).now
        alarms += bool(look(Sides(now, {})).pains)
    assert alarms <= 100 * CHANCE


PLANTED: list[tuple[str, str, str, float]] = [
    ("leaked", "consideration", "app", 0.85),
    ("stalled", "purchase", "app", 0.65),
    ("looped", "consideration", "mobile", 0.45),
    ("erred", "consideration", "app", 0.35),
    ("abandoned", "purchase", "fall", 0.75),
]


def test_planted_pain_is_found_and_placed_first() -> None:
    found: Counter[str] = Counter()
    rounds = SEEDS // len(PLANTED)
    for seed in range(SEEDS):
        part, stage, value, chance = PLANTED[seed % len(PLANTED)]
        pains = look(lived(seed, 400, {(part, stage, value): chance})).pains
        if pains:
            cell = pains[0].found.cell
            found[part] += (cell.part, cell.stage, cell.value) == (part, stage, value)
    assert all(found[part] >= 0.95 * rounds for part, *_ in PLANTED), found


def test_pain_of_the_last_week_is_found_there_and_placed_first() -> None:
    found, of_whole = 0, 0
    for seed in range(WEEKS_SEEDS):
        part, stage, value, chance = PLANTED[seed % len(PLANTED)]
        whole, last = weeks(seed, 400, {(part, stage, value): chance})
        pains = look(whole, last).pains
        if pains:
            cell = pains[0].found.cell
            found += (cell.part, cell.stage, cell.value) == (part, stage, value)
        of_whole += bool(look(whole).pains)
    assert found >= 0.9 * WEEKS_SEEDS
    assert of_whole < 0.9 * WEEKS_SEEDS


def test_what_stands_out_in_the_whole_and_in_its_last_week_is_told_once() -> None:
    cell = Cell("leaked", "cart", None, "all", "")
    of = cell.denominator
    steady = Sides({cell: 300, of: 400}, {cell: 200, of: 400})
    sudden = Sides({cell: 95, of: 100}, {cell: 50, of: 100})
    (pain,) = look(steady, Sides({cell: 75, of: 100}, {cell: 74, of: 100})).pains
    assert not pain.found.is_latest
    (pain,) = look(Sides({cell: 245, of: 400}, {cell: 200, of: 400}), sudden).pains
    assert pain.found.is_latest
    assert pain.also == []


def test_pain_is_found_beside_the_other_cells_where_there_is_no_past() -> None:
    found = 0
    for seed in range(60):
        now = lived(seed, 500, {("leaked", "consideration", "app"): 0.9}).now
        pains = look(Sides(now, {})).pains
        assert pains
        found += pains[0].found.cell == Cell("leaked", "consideration", None, "channel", "app")
        assert {pain.found.against for pain in pains} == {"others"}
    assert found >= 57


def test_people_who_are_few_tell_nothing() -> None:
    cell = Cell("leaked", "cart", None, "all", "")
    of = cell.denominator
    few = PEOPLE_MIN - 1
    assert look(Sides({cell: few, of: few}, {of: 500})).checked == 0
    assert look(Sides({cell: 200, of: 200}, {of: few})).checked == 0
    assert [p.found.cell for p in look(Sides({cell: 200, of: 200}, {of: 500})).pains] == [cell]


def test_what_never_was_before_is_measured_against_all_who_could_have_met_it() -> None:
    cell = Cell("erred", "cart", "Card Declined", "all", "")
    found = look(Sides({cell: 30, cell.denominator: 300}, {cell.denominator: 280}))
    (pain,) = found.pains
    assert pain.found.baseline == Share(0, 280)
    assert round(pain.found.lost) == 30


def test_facts_are_silent_of_few_people_and_name_the_fall_and_its_place() -> None:
    sides = lived(1, 20, {})
    assert facts(look(sides), sides, STAGES, []) == []
    sides = lived(1, 600, {("leaked", "consideration", "app"): 0.9})
    told = facts(look(sides), sides, STAGES, [])
    assert told[0].code == "conversion_fell"
    assert told[0].parameters["stage"] == "consideration"
    assert (told[0].parameters["dimension"], told[0].parameters["value"]) == ("channel", "app")
    assert 3 <= len(told) <= 5 or sides.now[Cell("came", "awareness", None, "all", "")] < PLAIN_MIN
