"""The page's files as they are served, and the bundle of others' code in them."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from pathlib import Path

import pytest

from services.journey_state.api.page import BUNDLE, FOLDER, MAIN, bundle_mark
from services.settings import ApiSettings
from tests.journey_state.asking import serving
from tests.missing import missing
from tests.page_vendor import LICENCES, VENDOR, build

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"
SCRIPTS_GZIP_BYTES_MAX = 60 << 10
LANGUAGES = ("en", "ru", "pl")
# The categories of CLDR that whole numbers have in each language, and `other` for the rest.
PLURALS = {
    "en": {"one", "other"},
    "ru": {"one", "few", "many", "other"},
    "pl": {"one", "few", "many", "other"},
}


def test_our_scripts_are_short() -> None:
    ours = [*(FOLDER / "app").rglob("*.js"), *FOLDER.glob("*.css"), *FOLDER.glob("*.html")]
    lines = {path.name: path.read_text("utf-8").splitlines() for path in ours}

    assert not [name for name, text in lines.items() if len(text) > 400]
    assert not [(name, line) for name, text in lines.items() for line in text if len(line) > 100]


def test_every_text_is_there_in_every_language_in_every_plural_form() -> None:
    texts = {name: catalogue(name) for name in LANGUAGES}

    for name, own in texts.items():
        assert own.keys() == texts["en"].keys(), name
        for key, text in own.items():
            assert isinstance(text, str) == isinstance(texts["en"][key], str), (name, key)
            if not isinstance(text, str):
                assert text.keys() == PLURALS[name], (name, key)
            for form in [text] if isinstance(text, str) else text.values():
                assert form.strip(), (name, key)
            assert placeholders(text) == placeholders(texts["en"][key]), (name, key)


def test_every_text_that_the_scripts_name_is_there() -> None:
    scripts = [path.read_text("utf-8") for path in (FOLDER / "app").rglob("*.js")]
    named = {key for text in scripts for key in re.findall(r"\bt\('([\w.-]+)'", text)}

    assert named
    assert not named - catalogue("en").keys()


def catalogue(language: str) -> dict[str, str | dict[str, str]]:
    """Texts by key; no key twice."""

    def unique(pairs: list[tuple[str, str]]) -> dict[str, str]:
        keys = [key for key, _ in pairs]
        assert len(keys) == len(set(keys)), sorted({key for key in keys if keys.count(key) > 1})
        return dict(pairs)

    text = (FOLDER / "i18n" / f"{language}.json").read_text("utf-8")
    found: dict[str, str | dict[str, str]] = json.loads(text, object_pairs_hook=unique)
    return found


def placeholders(text: str | dict[str, str]) -> set[str]:
    """What is filled in; a singular may leave the number out."""
    whole = text if isinstance(text, str) else " ".join(text.values())
    return set(re.findall(r"\{(\w+)\}", whole))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page with its bundles built anew."""
    if not shutil.which("npm"):
        missing("the bundles' packages are fetched by npm, which is not there")
    folder = tmp_path_factory.mktemp("page") / "map"
    shutil.copytree(FOLDER, folder)
    build(folder)
    return folder


def test_the_code_of_others_is_what_the_lock_builds(built: Path) -> None:
    for name in (VENDOR, LICENCES):
        assert (built / name).read_bytes() == (FOLDER / name).read_bytes(), "run `make page`"


def test_all_scripts_together_are_small_where_they_are_compressed(built: Path) -> None:
    scripts = (built / BUNDLE, built / "app" / "theme.js")
    sizes = [len(gzip.compress(path.read_bytes(), 9, mtime=0)) for path in scripts]

    assert sum(sizes) <= SCRIPTS_GZIP_BYTES_MAX, sizes


@pytest.mark.parametrize("path", ["/", "/map/app/main.js", "/map/i18n/pl.json"])
async def test_a_browser_that_has_a_file_gets_it_only_once(path: str) -> None:
    async with serving(NOWHERE) as client:
        plain = await client.get(path, headers={"accept-encoding": ""})
        packed = await client.get(path)
        etags = [answer.headers["etag"] for answer in (plain, packed)]
        again = [await client.get(path, headers={"if-none-match": etag}) for etag in etags]

    assert (plain.status_code, packed.status_code) == (200, 200)
    assert packed.text == plain.text
    assert packed.headers["content-encoding"] == "gzip"
    assert etags[0] != etags[1]
    assert [answer.status_code for answer in again] == [200, 304]
    assert plain.headers["cache-control"] == "no-cache"


async def test_a_bundle_of_other_modules_is_not_served() -> None:
    async with serving(NOWHERE) as client:
        page = await client.get("/", headers={"accept-encoding": ""})
        bundle = (await client.get(f"/map/{BUNDLE}")).text

    is_current = bundle.partition("\n")[0] == bundle_mark(FOLDER)
    served = re.findall(r'type="module" src="/map/([^"]+)"', page.text)
    assert served == [BUNDLE if is_current else MAIN]
    assert (f"</map/{BUNDLE}>" in page.headers["link"]) == is_current


async def test_the_page_asks_no_other_origin_and_runs_no_script_but_its_files() -> None:
    async with serving(NOWHERE) as client:
        answer = await client.get("/")

    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "//" not in answer.text.replace("<!doctype html>", "")
    assert "style=" not in answer.text
    assert not re.search(r"<script(?![^>]* src=)", answer.text)


@pytest.mark.parametrize("name", ["nothing.js", "../api/page.py", "..%2fapi%2fpage.py", ""])
async def test_nothing_but_the_page_is_served(name: str) -> None:
    async with serving(NOWHERE) as client:
        answer = await client.get(f"/map/{name}")

    assert answer.status_code == 404


async def test_with_tokens_the_page_is_open_and_its_figures_are_not(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("a-token-of-sixteen read")
    api = ApiSettings(tokens_file=tokens)
    async with serving(NOWHERE, peer="10.0.0.7", host="milepost.example", api=api) as client:
        paths = ("/", "/map/style.css", "/v1/map", "/map")
        statuses = [(await client.get(path)).status_code for path in paths]

    assert statuses == [200, 200, 401, 401]
