"""`milepost import` beside the running system: verdicts, a stop in the middle, a second run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.e2e.events import somebody
from tests.e2e.stack import Stack

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "event,userId,timestamp,properties.order_id\n"


def sales(users: list[str]) -> str:
    return "".join(f"Order Completed,{one},2026-11-20T10:00:00Z,o-{one}\n" for one in users)


async def test_a_table_is_imported_and_going_on_sends_only_what_is_new(
    stack: Stack, tmp_path: Path
) -> None:
    users = [somebody() for _ in range(2500)]
    file, report = tmp_path / "sales.csv", tmp_path / "report.ndjson"
    file.write_text(HEADER + sales(users[:2200]), "utf-8")
    options = ("--source", "offline", "--historical", "--json")

    first = json.loads(await stack.milepost("import", str(file), *options))
    file.write_text(HEADER + sales(users), "utf-8")
    second = json.loads(
        await stack.milepost("import", str(file), *options, "--report", str(report))
    )
    third = json.loads(await stack.milepost("import", str(file), *options, "--again"))

    assert first == {"accepted": 2200, "rejected": 0, "line": 2201}
    assert second == {"accepted": 300, "rejected": 0, "line": 2501}
    assert third == {"accepted": 2500, "rejected": 0, "line": 2501}
    verdicts = [json.loads(line) for line in report.read_text("utf-8").splitlines()]
    assert [one["line"] for one in verdicts] == list(range(2202, 2502))
    await stack.settled()
    for user in (users[0], users[-1]):
        (touched,) = await stack.timeline(user)
        assert (touched["channel"], touched["occurred_at"]) == (
            "offline",
            "2026-11-20T10:00:00.000Z",
        )
    found = await stack.in_stage(users[0], "purchase")
    assert found["signals"] == []


async def test_a_file_that_changed_before_its_place_is_not_guessed_at(
    stack: Stack, tmp_path: Path
) -> None:
    file = tmp_path / "sales.csv"
    file.write_text(HEADER + sales([somebody()]), "utf-8")
    await stack.milepost("import", str(file), "--source", "offline")
    file.write_text(HEADER + sales([somebody()]), "utf-8")
    said = await stack.refused("import", str(file), "--source", "offline", code=2)
    assert "--again" in said
