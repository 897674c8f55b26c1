"""Bundles the page's third-party modules: `python -m tests.page_vendor`, or `make page-vendor`."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from services.journey_state.api.page import FOLDER

SOURCE = Path(__file__).parent / "page" / "vendor"
TARGET = FOLDER / "vendor"
BUNDLE = "vendor.js"
LICENCES = "LICENSES.txt"
_LICENCE_NAMES = ("LICENSE", "LICENSE.md", "LICENSE.txt", "license")
_BUILD = ("--bundle", "--format=esm", "--minify", "--target=es2022", "--charset=utf8",
          "--legal-comments=none", "--metafile=meta.json", f"--outfile={BUNDLE}")  # fmt: skip
NPM_SECONDS_MAX = 120


def build(target: Path) -> None:
    """The folder has the bundle and the licences of what is in it: the same for the same lock."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for file in SOURCE.iterdir():
            shutil.copy(file, work)
        npm = ["npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run(npm, cwd=work, check=True, timeout=NPM_SECONDS_MAX)
        # Its own start of a process is enough: no script of a package is run to install it.
        esbuild = [str(work / "node_modules" / ".bin" / "esbuild"), "entry.js", *_BUILD]
        subprocess.run(esbuild, cwd=work, check=True, capture_output=True, timeout=NPM_SECONDS_MAX)
        shutil.copy(work / BUNDLE, target)
        (target / LICENCES).write_text(_licences(work), "utf-8")


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
    build(TARGET)
