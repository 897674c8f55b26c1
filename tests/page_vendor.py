"""Bundles the page's scripts: `python -m tests.page_vendor`, or `make page`."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from services.journey_state.api.page import BUNDLE, FOLDER, MAIN, bundle_mark

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(__file__).parent / "page" / "vendor"
VENDOR = "vendor/vendor.js"
LICENCES = "vendor/LICENSES.txt"
_LICENCE_NAMES = ("LICENSE", "LICENSE.md", "LICENSE.txt", "license")
_BUNDLE = ("--bundle", "--format=esm", "--target=es2022", "--charset=utf8",
           "--legal-comments=none", "--metafile=meta.json", "--minify-syntax")  # fmt: skip
# What is not repeated inline compresses better, though it is longer.
_MINIFY = ("--module", "--ecma", "2020", "--mangle", "--compress",
           "passes=2,toplevel,pure_getters,ecma=2020,reduce_funcs=false,inline=1")  # fmt: skip
_ALIASES = ("--alias:d3-interpolate=./numbers.js", "--alias:d3-format=./unspoken.js")
_SHEETS = "sheets.js"
_STYLES = re.compile(r"\bcss`([^`]*)`")
NPM_SECONDS_MAX = 300


def build(folder: Path) -> None:
    """The folder, which holds the page, has its bundles anew: the same for the same files and lock.

    First that of others' code, with the licences of what is in it; then the whole page in one.
    """
    with _packages() as work:
        (folder / "vendor").mkdir(exist_ok=True)
        _bundle(work, "entry.js", folder / VENDOR, *_ALIASES)
        (folder / LICENCES).write_text(_licences(work), "utf-8")
        shutil.copytree(folder, work / "map")
        _gather_styles(work / "map")
        _bundle(work, f"map/{MAIN}", folder / BUNDLE)
    # Line breaks are left in templates alone, where a space says the same.
    script = (folder / BUNDLE).read_text("utf-8").replace("\n", " ")
    (folder / BUNDLE).write_text(f"{bundle_mark(folder)}\n{script}", "utf-8")


@contextmanager
def _packages() -> Iterator[Path]:
    """A folder with the packages of the lock."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        for file in SOURCE.iterdir():
            shutil.copy(file, work)
        # esbuild starts without its install script, so no package runs one.
        npm = ["npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run(npm, cwd=work, check=True, timeout=NPM_SECONDS_MAX)
        yield work


def _bundle(work: Path, entry: str, target: Path, *options: str) -> None:
    _run(work, "esbuild", entry, *_BUNDLE, "--outfile=bundle.js", *options)
    _run(work, "terser", "bundle.js", *_MINIFY, "--output", str(target))


def _run(work: Path, name: str, *arguments: str) -> None:
    command = [str(work / "node_modules" / ".bin" / name), *arguments]
    subprocess.run(command, cwd=work, check=True, capture_output=True, timeout=NPM_SECONDS_MAX)


def _gather_styles(folder: Path) -> None:
    """The styles of all modules stand in one: side by side they compress to four fifths."""
    styles: list[str] = []
    for module in sorted((folder / "app").rglob("*.js")):
        name = os.path.relpath(folder / _SHEETS, module.parent)
        script, first = module.read_text("utf-8"), len(styles)
        styles += [_squeezed_css(css) for css in _STYLES.findall(script)]
        sheets = [f"sheet{n}" for n in range(first, len(styles))]
        for sheet in sheets:
            script = _STYLES.sub(sheet, script, count=1)
        script = f"import {{ {', '.join(sheets)} }} from './{name}';\n{script}"
        module.write_text(re.sub(r"\n\s+", "\n", script), "utf-8")
    all_ = "".join(f"export const sheet{n} = css`{css}`;\n" for n, css in enumerate(styles))
    (folder / _SHEETS).write_text(f"import {{ css }} from './vendor/vendor.js';\n{all_}", "utf-8")


def _squeezed_css(text: str) -> str:
    plain = re.sub(r"/\*.*?\*/|\s+", " ", text, flags=re.DOTALL)
    return re.sub(r"\s*([{};,])\s*", r"\1", re.sub(r":\s+", ":", plain)).replace(";}", "}").strip()


def _licences(work: Path) -> str:
    inputs = json.loads((work / "meta.json").read_text("utf-8"))["inputs"]
    packages = {_package(path) for path in inputs if path.startswith("node_modules/")}
    texts = []
    for name in sorted(packages):
        folder = work / "node_modules" / name
        version = json.loads((folder / "package.json").read_text("utf-8"))["version"]
        found = next(folder / file for file in _LICENCE_NAMES if (folder / file).exists())
        texts.append(f"{name} {version}\n\n{found.read_text('utf-8').strip()}\n")
    return f"\n{'-' * 80}\n\n".join(texts)


def _package(path: str) -> str:
    """The package of `node_modules/@scope/name/...` or `node_modules/name/...`."""
    parts = path.removeprefix("node_modules/").split("/")
    return "/".join(parts[:2] if parts[0].startswith("@") else parts[:1])


if __name__ == "__main__":
    build(FOLDER)
