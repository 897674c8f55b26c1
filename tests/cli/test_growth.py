"""The growth measure: what it puts into the database, and what it compares."""

from __future__ import annotations

from services.cli.bench.growth import Size, figures_of, growth_of
from services.cli.bench.seeding import seed
from services.cli.bench.worker import Sample
from services.journey_state.definition import shipped
from tests.journey_state.applying import applying
from tests.journey_state.cutting import refolded


async def test_seeded_customers_are_what_the_fold_gives_and_what_sessions_are_of(
    database_url: str,
) -> None:
    await seed(database_url, 5, shipped())
    async with applying(database_url) as worker:
        stored, computed = await refolded(worker)
        rows = await worker.execute(
            "SELECT (SELECT count(*) FROM customers), (SELECT count(*) FROM identifiers), "
            "(SELECT count(*) FROM timeline), (SELECT count(*) FROM dedupe), "
            "(SELECT count(*) FROM stage_history)"
        )
        names = await worker.execute("SELECT value FROM identifiers WHERE kind = 'user_id'")

    assert stored == computed
    assert len(stored) == 5
    assert rows == [(5, 10, 5, 5, 5)]
    assert sorted(name for (name,) in names) == [f"customer-{n}" for n in range(5)]


def a_sample(at: float, events: int, cpu: float) -> Sample:
    return Sample(at, events, 0, 0, {"worker": cpu, "postgres": cpu / 2})


def test_stretches_with_next_to_nothing_in_them_are_left_out() -> None:
    samples = [a_sample(0, 0, 0), a_sample(1, 1000, 0.05), a_sample(2, 1001, 0.1)]

    worker, postgres = figures_of(Size(10, 12), samples, 2)

    assert worker.rounds == [50.0]
    assert postgres.rounds == [25.0]
    assert growth_of("customers", [[worker], [worker, postgres]]).median == 1.5
