"""`milepost journey backtest` over a real database: what is planted is found, nothing written."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from services.cli.backtest.command import compare
from services.cli.backtest.outcome import document
from services.cli.backtest.processes import ShareError, run_shares
from services.cli.backtest.report import plain_lines, show
from services.cli.verbs import app
from services.contracts.times import DAY_US
from services.journey_state.backtesting import Range, prepare, shares_of
from services.journey_state.definition import Definition, load
from services.journey_state.store.pool import snapshot_of
from services.settings import Settings
from tests.journey_state.transacting import HOUR, JOURNEY, event, transacting

RUNNER = CliRunner()
WAITS_LONGER = JOURNEY.replace("after: 10m\n    remind", "after: 20m\n    remind")
ASKS_FOR_MORE = JOURNEY.replace(
    "event: [Add, View], from: [none, look", "event: [Add], from: [none, look"
)


async def compared(url: str, proposed: Definition, processes: int = 2) -> dict[str, Any]:
    said = Console(file=io.StringIO())
    outcome = await compare(url, proposed, Settings(), said, span_us=DAY_US, processes=processes)
    return document(outcome)


async def test_a_planted_difference_is_found_and_nothing_is_written(database_url: str) -> None:
    async with transacting(database_url) as applied:
        for n in range(7):
            name = "View" if n < 3 else "Add"
            await applied.take(event(name, n, user=f"u{n}", properties={"cart": f"c{n}"}))
        # An anonymous past that is joined, and an identifier that moves.
        await applied.take(event("page", 1, identifiers={"anonymous_id": "a"}))
        await applied.take(event("View", 20, user="u0", identifiers={"anonymous_id": "a"}))
        await applied.take(event("page", 30, user="u6", identifiers={"anonymous_id": "a"}))
        await applied.pass_time(2 * HOUR)
        count = "SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM signals), "
        count += "(SELECT sum(hashtext(state::text)) FROM customers)"
        before = await applied.rows(count)

        same = await compared(database_url, load(JOURNEY))
        assert same["customers"] == 7
        assert same["touchpoints"] == 10
        assert (same["stage_changes"], same["history"]["customers"]) == ([], 0)
        assert same["stored_differs"]["customers"] == 0
        assert {one["current"] for one in same["signals"]} == {7, 0}
        assert "Nothing would differ" in list(plain_lines(same))[-1]

        other = await compared(database_url, load(ASKS_FOR_MORE))
        ways = {(one["from"], one["to"]): one["customers"] for one in other["stage_changes"]}
        assert ways == {("cart", "none"): 2, ("cart", "look"): 1}
        assert other["stored_differs"]["customers"] == 0

        longer = await compared(database_url, load(WAITS_LONGER), processes=1)
        (cart, _) = longer["signals"]
        assert [cart[kind]["count"] for kind in ("appear", "vanish", "move", "turn")] == [
            0,
            0,
            7,
            0,
        ]
        assert await applied.rows(count) == before


async def test_a_share_that_fails_ends_the_backtest(database_url: str) -> None:
    async with transacting(database_url) as applied:
        await applied.take(event("Add", 1))
        async with snapshot_of(database_url) as connection:
            job = await prepare(
                connection, database_url, JOURNEY, span_us=1, grace_us=1, recovery_us=1
            )
        # The snapshot is gone with the connection that exported it.
        with pytest.raises(ShareError, match="snapshot"):
            await run_shares(job, shares_of(job.ranges, 2), lambda _: None)


def test_ranges_are_dealt_out_evenly() -> None:
    ranges: list[Range] = [(bytes([n]), None) for n in range(5)]
    assert [len(share) for share in shares_of(ranges, 2)] == [3, 2]
    assert [len(share) for share in shares_of(ranges, 9)] == [1] * 5
    assert shares_of([], 2) == []


def test_what_was_found_is_shown_as_tables() -> None:
    sample = {"customer_id": "c", "scope": "x", "current": None,
              "proposed": {"signal_id": "s", "due": "2026", "state": "raised"}}  # fmt: skip
    none = {"count": 0, "samples": []}
    found: dict[str, Any] = {
        "current": {"journey": "shop", "version": "1"},
        "proposed": {"journey": "shop", "version": "2"},
        "watermark": None, "since": None, "customers": 1, "touchpoints": 2, "seconds": 0.1,
        "stages": [{"stage": "buy", "current": 1, "proposed": 0}],
        "stage_changes": [], "history": {"customers": 0, "transitions": []},
        "signals": [{"rule": "cart", "current": 0, "proposed": 1, "vanish": none, "move": none,
                     "turn": none, "appear": {"count": 1, "samples": [sample]}}],
        "errors": {"current": {}, "proposed": {"stages[0]": 3}},
        "stored_differs": {"customers": 0, "samples": []},
    }  # fmt: skip
    page = io.StringIO()
    show(Console(file=page, width=120), found)
    for text in ("shop 1", "raised 2026", "stages[0]", "1 signals would differ"):
        assert text in page.getvalue()
    narrow = io.StringIO()
    found["signals"][0]["rule"] = "cart_of_somebody_who_waits_for_a_price"
    show(Console(file=narrow, width=60), found)
    assert "cart_of_somebody_who_waits_for_a_price" in narrow.getvalue()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["bad.yaml"], "unknown key stage"),
        (["missing.yaml"], "No such file"),
        (["good.yaml", "--since", "soon"], "--since soon is not a duration"),
    ],
)
def test_a_bad_file_or_option_is_refused(tmp_path: Path, arguments: list[str], said: str) -> None:
    (tmp_path / "bad.yaml").write_text("journey: shop\nstage: []\n", "utf-8")
    (tmp_path / "good.yaml").write_text(JOURNEY, "utf-8")
    file, *options = arguments
    result = RUNNER.invoke(app, ["journey", "backtest", str(tmp_path / file), *options])
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_database_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(JOURNEY, "utf-8")
    environment = {"MILEPOST_DATABASE__URL": "postgresql://u:p@127.0.0.1:9/none"}
    result = RUNNER.invoke(
        app, ["journey", "backtest", str(tmp_path / "good.yaml")], env=environment
    )
    assert result.exit_code == 3
    assert "the database cannot be read" in result.stderr
    nowhere = ["journey", "backtest", str(tmp_path / "good.yaml"), "--data", str(tmp_path)]
    assert RUNNER.invoke(app, nowhere).exit_code == 3
