"""The one look of the verbs: what customers send steers no terminal, and nothing is cut off."""

from __future__ import annotations

import io

import pytest
from rich.console import Console, RenderableType
from rich.text import Text

from services.cli.customer import show as show_customer
from services.cli.dead_letters import listing
from services.cli.doctor.command import table_of
from services.cli.doctor.finding import fail
from services.cli.explain import show as show_explanation
from services.cli.journey import listings
from services.cli.looks import Listing, clean, facts, print_lines, print_listing, show_lines
from services.cli.tail_lines import coloured, touchpoint_line
from services.journey_state.definition import shipped

EVIL = "[bold red]x[/] \x1b[31mred\x1b]0;title\x07 [link=https://evil.example]y[/link]"
TOLD = clean(EVIL)
WIDTHS = (40, 80, 120)

LETTER = {
    "id": 7,
    "status": "open",
    "recorded_at": "2026-11-21T12:00:00.123456Z",
    "topic": "milepost.touchpoints.v1",
    "partition": 2,
    "offset": 12,
    "heartbeat": False,
    "bytes": 10,
    "reason": "undecodable",
    "message": EVIL,
}
CUSTOMER = {
    "stage": "consideration",
    "entered_at": "2026-11-21T12:00:00.123456Z",
    "customer_id": "c",
    "identifiers": [{"kind": "user_id", "value": EVIL}],
    "traits": {"name": EVIL},
    "definition": "",
    "history": [
        {
            "entered_at": "2026-11-21T12:00:00.123456Z",
            "stage": "consideration",
            "direction": "first",
            "cause": {"event": EVIL, "channel": "website", "source": "s", "rule": "r"},
        }
    ],
    **{key: [] for key in ("overlays", "merged_ids", "episodes", "signals", "conflicts")},
    **{key: {} for key in ("consent", "counters")},
    **dict.fromkeys(("first_seen_at", "last_seen_at"), None),
}
EXPLANATION = {
    "stage": {
        "stage": "consideration",
        "text": EVIL,
        "transitions": [],
        "transitions_total": 0,
        "why_not": [],
    },
    "signal": None,
}


def screen(width: int) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=width)


def shown(console: Console) -> str:
    written = console.file.getvalue()  # type: ignore[attr-defined]
    plain = Text.from_ansi(written).plain
    assert "\x1b" not in plain
    assert "\x07" not in written
    assert "]8;" not in written  # a link
    assert max(len(line) for line in plain.split("\n")) <= console.width
    return plain


def words(text: str) -> str:
    """The text without what folding and tables put between."""
    return "".join(c for c in text if not c.isspace())


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "shape",
    [
        facts([("name", EVIL)]),
        listing([LETTER]),
        table_of([fail("check", EVIL, EVIL)]),
    ],
)
def test_data_is_shown_as_it_is_on_any_width(width: int, shape: RenderableType) -> None:
    console = screen(width)
    console.print(shape)
    plain = shown(console)
    if width == max(WIDTHS):
        assert words(TOLD) in words(plain)


@pytest.mark.parametrize("width", WIDTHS)
def test_customers_and_explanations_are_too(width: int) -> None:
    console = screen(width)
    show_customer(console, {**CUSTOMER})
    show_explanation(console, EXPLANATION)
    show_lines(console, [f"hold\t{clean(EVIL)}\tsilent"])
    plain = shown(console)
    assert "2026-11-21 12:00:00Z" in plain
    assert words(TOLD) in words(plain)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["ecommerce", "b2b"])
def test_a_journey_is_shown_whole(width: int, name: str) -> None:
    for one in listings(shipped(name)):
        console = screen(width)
        console.print(one)
        plain = words(shown(console))
        if width < 64:
            assert all(words(str(cell)) in plain for row in one.rows for cell in row)


def test_a_followed_line_keeps_its_words() -> None:
    value = {"occurred_at": "2026-11-21T12:00:00.123Z", "event": EVIL, "channel": "app"}
    line = touchpoint_line(value, "user_id:u1", "")
    text = coloured(line)
    assert text.plain == line.replace("T12:00:00.123Z", " 12:00:00Z")
    signal = coloured("2026-11-21T12:00:00Z  c1  cart raised  Boots")
    assert [signal.plain[one.start : one.end] for one in signal.spans if "red" in str(one.style)]


def test_programs_get_a_line_for_each_row(capsys: pytest.CaptureFixture[str]) -> None:
    print_listing(Listing("Title", ("a", "b", "c"), [(1, "x\ty\nz", None)]))
    print_lines(["name\tvalue\tmore"])
    assert capsys.readouterr().out == "1\tx\N{REPLACEMENT CHARACTER}y z\tNone\nname\tvalue\tmore\n"
