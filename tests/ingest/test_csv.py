"""Events as a CSV table on the native path."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.errors import RequestError
from services.ingest.protocols import native
from tests.ingest.memory import Desk, head
from tests.ingest.test_parsers import LIMITS, translate

SALES = (
    "event,userId,timestamp,properties.order_id,properties.total:number,properties.gift:boolean,"
    "properties.products:json,traits.city\r\n"
    "Order Completed,u1,2026-11-20T10:00:00Z,0017,12.50,true,"
    '"[{""sku"": ""s1""}]",Łódź\r\n'
    "\r\n"
    'Order Completed,u2,2026-11-20T11:00:00Z,18,7,,,"Nowa Sól, ""centrum"""\r\n'
)


async def results(desk: Desk, text: str) -> list[dict[str, Any]]:
    """The verdicts of a table that is taken."""
    answer = await desk.post("/v1/events", text.encode(), content_type="text/csv; charset=utf-8")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


async def refusal(desk: Desk, body: bytes) -> dict[str, Any]:
    """The problem that a table is refused with."""
    answer = await desk.post("/v1/events", body, content_type="text/csv")
    assert answer.status_code == 400
    assert desk.sink.records == []
    found: dict[str, Any] = answer.json()
    return found


async def test_a_row_is_an_event_and_is_named_by_its_number(desk: Desk) -> None:
    assert [one["index"] for one in await results(desk, SALES)] == [0, 2]
    first, second = desk.sink.touchpoints
    assert (first.type, first.event, first.identifiers) == (
        "track",
        "Order Completed",
        {"user_id": "u1"},
    )
    assert first.occurred_at == "2026-11-20T10:00:00.000Z"
    assert msgspec.json.decode(first.traits) == {"city": "Łódź"}
    assert msgspec.json.decode(second.traits) == {"city": 'Nowa Sól, "centrum"'}


async def test_values_are_text_unless_the_column_names_a_type(desk: Desk) -> None:
    await results(desk, SALES)
    first, second = (msgspec.json.decode(one.properties) for one in desk.sink.touchpoints)
    assert first == {
        "order_id": "0017",
        "total": 12.5,
        "gift": True,
        "products": [{"sku": "s1"}],
    }
    assert second == {"order_id": "18", "total": 7}


async def test_a_bad_cell_costs_its_own_row_alone(desk: Desk) -> None:
    text = "event,userId,properties.total:number\nA,u1,1\nB,u2,dear\nC,u3,2,more\nD,,3\nE,u5,4\n"
    found = [(one["index"], one["code"]) for one in await results(desk, text)]
    assert found == [
        (0, None),
        (1, "invalid_cell"),
        (2, "invalid_cell"),
        (3, "no_identifier"),
        (4, None),
    ]
    assert [one.event for one in desk.sink.touchpoints] == ["A", "E"]
    assert [one.code for one in desk.sink.refused] == [
        "invalid_cell",
        "invalid_cell",
        "no_identifier",
    ]


@pytest.mark.parametrize("mark", [";", "\t"])
async def test_takes_tables_as_spreadsheets_save_them(desk: Desk, mark: str) -> None:
    text = f"\ufeffevent{mark}userId\nA{mark}u1\n"
    assert [one["status"] for one in await results(desk, text)] == ["accepted"]


async def test_the_same_row_has_the_same_id_at_each_try(desk: Desk) -> None:
    first = await results(desk, SALES)
    assert await results(desk, SALES) == first
    assert len({one["id"] for one in first}) == 2


@pytest.mark.parametrize(
    ("body", "code", "hint"),
    [
        (b"", "malformed_csv", "must name the columns"),
        (b"event,product_id\nA,1\n", "unknown_column", "properties.product_id"),
        (b"event,userId,userId\n", "unknown_column", "two columns are named userId"),
        (b"userId,properties.a,properties.a.b\n", "unknown_column", "properties.a already"),
        (b"userId,properties.a:date\n", "unknown_column", ":number"),
        (b"userId,props.a\n", "unknown_column", "must begin with one of"),
        (b"userId,properties..a\n", "unknown_column", "empty part"),
        (b"event,userId\nA,\xff\n", "malformed_csv", "UTF-8"),
        (b'event,userId\nA,"u1\n', "malformed_csv", "line 2"),
    ],
)
async def test_a_table_that_cannot_be_read_says_where_and_what_to_do(
    desk: Desk, body: bytes, code: str, hint: str
) -> None:
    problem = await refusal(desk, body)
    assert problem["code"] == code
    assert hint in problem["detail"]


names = st.sampled_from(["event", "userId", "timestamp", "properties.a:number", "traits.b:json"])
cells = st.sampled_from(["", "u1", "1e400", "-0", '"', "\0", "{", "[1]", "\ud7ff"]) | st.text()
tables = st.builds(
    lambda header, rows: "\n".join(",".join(row) for row in [header, *rows]).encode(
        errors="surrogatepass"
    ),
    st.lists(names, max_size=5),
    st.lists(st.lists(cells, max_size=6), max_size=5),
)


@given(tables | st.binary())
def test_no_table_raises_anything_but_our_error(body: bytes) -> None:
    try:
        parsed = native.parse(body, head({b"content-type": b"text/csv"}), LIMITS)
    except RequestError:
        return
    translate(parsed)
