"""The documents say what is there: commands, verbs, metrics, routes, links."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import httpx2
import pytest
from prometheus_client import CollectorRegistry
from typer.main import get_command

from services.cli.verbs import app as cli
from services.ingest.app import create_app as create_ingest
from services.journey_state.api.app import create_app as create_api
from services.journey_state.api.operations import Metrics as ApiMetrics
from services.journey_state.database import Database
from services.journey_state.metrics import WorkerMetrics
from services.settings import Settings
from tests.cli_page import names_of, options, page, verbs

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
# Names of places that packages or images are fetched from; a mirror must be as good.
REGISTRIES = re.compile(
    r"\b(?:py"
    r"pi\.org|files\.python"
    r"hosted\.org|repo1?\.ma"
    r"ven|registry\.np"
    r"mjs"
    r"|docker\.i"
    r"o/|gh"
    r"cr\.io|qu"
    r"ay\.io|proxy\.gol"
    r"ang)"
)
_LINK = re.compile(r"\]\((?!https?://|mailto:)([^)\s]+)\)")
_MAKE = re.compile(r"\bmake ((?!sure\b|a\b|the\b|it\b)[a-z-]+)")
_NAME_ONLY = re.compile(r"[^a-z0-9 _-]")
every_page = pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))


def text_of(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def anchors(page_text: str) -> set[str]:
    """The names that links to headings use."""
    heads = re.findall(r"^#+ (.+)$", page_text, re.MULTILINE)
    return {_NAME_ONLY.sub("", head.lower()).replace(" ", "-") for head in heads}


def code_of(markdown: str) -> str:
    """What is in fences and backticks."""
    fenced = re.findall(r"^```.*?\n(.*?)^```", markdown, re.MULTILINE | re.DOTALL)
    return "\n".join([*fenced, *re.findall(r"`([^`\n]+)`", markdown)])


def families(registries: Iterable[CollectorRegistry]) -> set[str]:
    """Metrics by the names that a scrape shows."""
    found = set()
    for registry in registries:
        for family in registry.collect():
            found.add(family.name + ("_total" if family.type == "counter" else ""))
    return found


async def asked_of_ingest(path: str) -> httpx2.Response:
    """What an ingest that is not started answers to a GET."""
    transport = httpx2.ASGITransport(create_ingest(Settings()))
    async with httpx2.AsyncClient(transport=transport, base_url="http://ingest") as client:
        return (await client.get(path)).raise_for_status()


def test_the_readme_names_commands_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))
    documents = [text_of("README.md"), text_of("CONTRIBUTING.md")]
    asked = {name for text in documents for name in _MAKE.findall(code_of(text))}

    assert {"demo", "test"} <= asked <= targets


def test_the_page_of_all_verbs_is_current() -> None:
    assert text_of("docs/cli.md") == page()


def test_every_verb_and_option_is_described() -> None:
    document = text_of("docs/cli.md")
    for path, command in verbs(get_command(cli)):
        assert f"## `{path}`" in document
        assert not [one for one in options(command) if f"`{names_of(one)}`" not in document]


@every_page
def test_pages_use_verbs_that_exist(path: Path) -> None:
    known = {name.split()[1] for name, _ in verbs(get_command(cli))}
    found = re.findall(r"^(?:\$ )?milepost ([a-z][a-z-]+)", code_of(path.read_text()), re.MULTILINE)
    # These are written down as not there yet, and nothing else is.
    assert set(found) <= known | {"journey"}


async def test_every_metric_is_described() -> None:
    document = text_of("docs/operations.md")
    scraped = (await asked_of_ingest("/metrics")).text
    ingest = set(re.findall(r"^# TYPE (\S+)", scraped, re.MULTILINE))
    others = families([WorkerMetrics().registry, ApiMetrics().registry])

    assert len(ingest) > 3
    assert not {name for name in ingest | others if name not in document}


async def test_every_route_of_ingest_is_described() -> None:
    document = text_of("docs/events.md") + text_of("docs/operations.md")
    paths = (await asked_of_ingest("/openapi.json")).json()["paths"]

    assert "/v1/events" in paths
    assert not [path for path in paths if f"{path}`" not in document]


async def test_every_route_of_the_api_is_described() -> None:
    database = Database.at("postgresql://nobody@127.0.0.1:1/none", connections_max=2)
    document = text_of("docs/api.md")
    paths = create_api(Settings(), database).openapi()["paths"]
    await database.close()

    assert "/v1/customers/{id}" in paths
    asked = [(method, path) for path, methods in paths.items() for method in methods]
    assert not [one for one in asked if f"{one[0].upper()} {one[1]}`" not in document]


def test_bounds_of_a_journey_are_described() -> None:
    document = text_of("docs/journeys.md")
    folder = ROOT / "services" / "journey_state"
    modules = ("abandonment", "consent", "items", "journey", "profile", "publication")
    text = "".join((folder / f"{name}.py").read_text("utf-8") for name in modules)
    bounds = set(re.findall(r"^([A-Z_]+_MAX) = ", text, re.MULTILINE))

    assert "ONCE_KEYS_MAX" in bounds
    # Lengths of text and parts of messages need no table.
    needless = re.compile(r"LENGTH|BITS|EXPONENT|ROWS|SUPERSEDES")
    assert not [name for name in bounds if name not in document and not needless.search(name)]


@every_page
def test_links_lead_somewhere(path: Path) -> None:
    for link in _LINK.findall(path.read_text("utf-8")):
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text("utf-8")), link


@every_page
def test_pages_name_no_place_that_packages_come_from(path: Path) -> None:
    assert not REGISTRIES.findall(path.read_text("utf-8"))


@every_page
def test_files_that_are_named_exist(path: Path) -> None:
    """Tests and documents named in code marks, from the top of the repository."""
    named = re.findall(r"`((?:tests|docs|services)/[\w./-]+)`", path.read_text("utf-8"))
    assert not [name for name in named if not (ROOT / name).exists()]


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text("utf-8")
    assert not [path for path in folder.glob("0*.md") if f"({path.name})" not in index]
