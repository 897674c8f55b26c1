"""What explanations say, in every language of the page: each sentence has its text there."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from services.journey_state import explain
from tests.page.test_page_files import LANGUAGES, catalogue, placeholders
from tests.page.viewing import viewing
from tests.waiting import until

if TYPE_CHECKING:
    from playwright.async_api import Browser, Locator

    from tests.e2e.stack import Stack

SOURCES = sorted(Path(explain.__file__).parent.glob("*.py"))
NAMED = {"event", "channel", "at"}  # the values of `**named(moment)`


def told() -> dict[str, list[set[str]]]:
    """The values of each sentence, at each place where explanations say it."""
    found: dict[str, list[set[str]]] = {}
    for path in SOURCES:
        tree = ast.parse(path.read_text("utf-8"))
        tables = {
            target.id: node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name)
        }
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "tell":
                for code in codes(call.args[0], tables):
                    found.setdefault(code, []).append(values(call))
    return found


def codes(node: ast.expr, tables: dict[str, ast.expr]) -> set[str]:
    """The codes that this expression may be: a text, or one out of a table of the module."""
    if isinstance(node, ast.Constant):
        return {str(node.value)}
    if isinstance(node, ast.IfExp):
        return codes(node.body, tables) | codes(node.orelse, tables)
    while isinstance(node, ast.Subscript):
        node = node.value
    assert isinstance(node, ast.Name), ast.dump(node)
    texts = [
        one.value
        for one in ast.walk(tables[node.id])
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
    ]
    return {text for text in texts if text in catalogue_codes()}


def values(call: ast.Call) -> set[str]:
    return {one.arg for one in call.keywords if one.arg} | (
        NAMED if any(one.arg is None for one in call.keywords) else set()
    )


def catalogue_codes() -> set[str]:
    return {key.removeprefix("why.") for key in catalogue("en") if key.startswith("why.")}


@pytest.fixture(scope="module")
def sentences() -> dict[str, list[set[str]]]:
    return told()


def test_every_sentence_of_an_explanation_has_its_text_and_no_text_is_idle(
    sentences: dict[str, list[set[str]]],
) -> None:
    assert len(sentences) > 50
    assert sentences.keys() == catalogue_codes()


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_name_only_what_their_sentences_say(
    sentences: dict[str, list[set[str]]], language: str
) -> None:
    texts = catalogue(language)

    assert not {
        code: placeholders(texts[f"why.{code}"]) - said
        for code, places in sentences.items()
        for said in places
        if placeholders(texts[f"why.{code}"]) - said
    }


async def test_no_reason_of_an_event_or_a_signal_is_in_english_where_the_page_is_not(
    shop: Stack, browser: Browser
) -> None:
    (signal,) = (await shop.ask("/v1/signals", state="recovered", limit="1"))["items"]
    url = f"{shop.endpoints.api}/?open=who%3D{signal['customer_id']}"
    said = {}
    async with viewing(browser, f"{url}&lang=ru") as view:
        rows = view.page.locator("mp-timeline")
        said["ru"] = await opened(rows)
        await view.page.goto(f"{url}&lang=pl")
        said["pl"] = await opened(rows)
        row = rows.locator("li.signal").first
        assert await row.locator("mp-reasons [lang]").count() == 0
        shown = await row.locator("pre").first.evaluate("(one) => JSON.parse(one.textContent)")
        assert shown["customer_id"] == signal["customer_id"]
        assert view.errors == []

    for language, reasons in said.items():
        assert len(reasons) == 3
        texts = " ".join(reasons)
        assert "{" not in texts
        # Names of events stand in quotes or brackets, those of rules and conditions are code.
        ours = re.sub(r"[«„][^»”]*[»”]|\([^)]*\)", "", texts)
        english = set(re.findall(r"[a-z]{3,}", ours.lower())) & ENGLISH
        assert not english, (language, texts)
    assert re.search("[а-я]{4}", " ".join(said["ru"]))


# Words that no explanation in English can do without.
ENGLISH = {"the", "was", "came", "rule", "and", "since", "due", "for", "its", "there"}


async def opened(rows: Locator) -> list[str]:
    """The reasons of the first signal, of the first event and of the last one."""
    events = rows.locator("li.event .what > button")
    await until(events.count)
    for button in (rows.locator("li.signal .what > button").first, events.first, events.last):
        await button.click()
    reasons = rows.locator("mp-reasons")
    await until(lambda: _all_there(reasons))
    texts: list[str] = await reasons.evaluate_all(
        """(all) => all.map((one) => [...one.shadowRoot.querySelectorAll('p, li')].map((each) => {
          const copy = each.cloneNode(true);
          copy.querySelectorAll('code').forEach((code) => code.remove());
          return copy.textContent;
        }).join(' '))"""
    )
    return texts


async def _all_there(reasons: Any) -> bool:
    found: bool = await reasons.evaluate_all(
        "(all) => all.length === 3 && all.every((one) => one.answer)"
    )
    return found
