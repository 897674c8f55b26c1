"""The brake: when a partition stops, and which errors are about a record."""

from __future__ import annotations

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.journey_state.brake import BrakeLimits, breach, marks
from services.journey_state.store.pool import Store, blames_the_data

LIMITS = BrakeLimits()


def test_fifty_in_a_row_stop_at_the_fiftieth() -> None:
    assert breach("", "1" * 49, LIMITS) is None
    assert breach("", "1" * 60, LIMITS) == (50, "50 records in a row failed")
    assert breach("1" * 48, "11", LIMITS) == (2, "50 records in a row failed")


def test_a_record_that_went_well_breaks_the_row() -> None:
    assert breach("1" * 30, "1" * 19 + "0" + "1", LIMITS) is None


def test_more_than_five_of_a_hundred_stop() -> None:
    before = "01" * 50
    found = breach(before, "001", LIMITS)
    assert found == (3, "51 of the last 1000 records failed, more than 5%")
    assert breach(before, "0" * 901 + "1", LIMITS) is None  # the first of the 50 is too long ago


def test_good_records_alone_never_stop_it() -> None:
    assert breach("1" * 900, marks(10, LIMITS), LIMITS) is None


small = BrakeLimits(share_max=0.3, window_records=10, run_records=4)


@given(st.text("01", max_size=60), st.lists(st.integers(1, 9), max_size=20))
def test_where_it_stops_does_not_depend_on_how_records_are_cut(whole: str, cuts: list[int]) -> None:
    at_once = breach("", whole, small)
    passed, before, rest = 0, "", whole
    found = None
    for cut in [*cuts, len(whole)]:
        found = breach(before[-10:], rest[:cut], small)
        if found is not None:
            found = (found[0] + passed, found[1])
            break
        before, passed, rest = before + rest[:cut], passed + len(rest[:cut]), rest[cut:]
    assert found == at_once


@pytest.mark.parametrize(
    ("statement", "arguments", "about_data"),
    [
        ("SELECT chr(0)", (), True),
        ("SELECT 1 / $1::int", (0,), True),
        ("SELECT $1::int", (1 << 40,), True),
        ("SELECT $1::text", ("\ud800",), True),
        ("INSERT INTO relay_shards VALUES (1)", (), True),
        ("SELECT * FROM not_there", (), False),
        ("SET LOCAL statement_timeout = 1; SELECT pg_sleep(0.4)", (), False),
    ],
)
async def test_an_error_of_the_database_blames_the_record_only_if_it_is_about_it(
    database_url: str, statement: str, arguments: tuple[object, ...], *, about_data: bool
) -> None:
    store = await Store.connect(database_url)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one it is, is not the question
        async with store.transaction() as connection:
            await connection.execute(statement, *arguments)
    assert blames_the_data(caught.value) is about_data
    await store.close()


def test_faults_of_ours_are_about_the_record_and_a_full_memory_is_not() -> None:
    assert blames_the_data(KeyError("x"))
    assert not blames_the_data(MemoryError())
    assert not blames_the_data(asyncpg.ReadOnlySQLTransactionError())
    assert not blames_the_data(ConnectionResetError())
