"""Python and the packages, against what this distribution asks for."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, distribution, version
from typing import NamedTuple

from services.cli.doctor.finding import Finding, fail, or_ok, warn

CHECK = "packages"
DISTRIBUTION = "milepost"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_BOUND = re.compile(r"(>=|<)\s*([0-9.]+)")

Version = tuple[int, ...]


class Installed(NamedTuple):
    """A package that is asked for: the demand, and the version that is there (None: none)."""

    demand: str
    version: str | None


def look() -> list[Finding]:
    """What `judge` says of this process."""
    try:
        asked = distribution(DISTRIBUTION)
    except PackageNotFoundError:
        fix = "install Milepost with its dependencies: `pip install milepost`"
        return [warn(CHECK, "Milepost runs from a folder and is not installed", fix)]
    python = str(asked.metadata["Requires-Python"] or "")
    demands = [one for one in asked.requires or [] if "extra ==" not in one]
    return judge(python, sys.version_info[:3], [_installed(one) for one in demands])


def judge(python: str, running: Version, packages: Sequence[Installed]) -> list[Finding]:
    """Whether the Python that runs suits `python`, such as `>=3.11,<3.15`, and the packages."""
    text = ".".join(map(str, running))
    found = list(_misfits(packages))
    if not _suits(python, running):
        what = f"Python {text} runs, and {python} is asked for"
        found.append(fail(CHECK, what, "make the environment with a Python of that range"))
    return or_ok(found, CHECK, f"Python {text} and {len(packages)} packages are as asked for")


def _misfits(packages: Sequence[Installed]) -> Iterator[Finding]:
    for one in packages:
        fix = f"install it: `pip install {_quoted(one.demand)}`"
        if one.version is None:
            yield fail(CHECK, f"{_name(one.demand)} is not installed", fix)
        elif not _suits(one.demand, _numbers(one.version)):
            what = f"{_name(one.demand)} {one.version} is installed, which is not {one.demand}"
            yield fail(CHECK, what, fix)


def _suits(demand: str, there: Version) -> bool:
    bounds = [(sign, _numbers(text)) for sign, text in _BOUND.findall(demand.partition(";")[0])]
    return all(there >= bound if sign == ">=" else there < bound for sign, bound in bounds)


def _installed(demand: str) -> Installed:
    wanted, _, marker = demand.partition(";")
    try:
        return Installed(wanted.strip(), version(_name(demand)))
    except PackageNotFoundError:
        # Only one marker is in use: what Windows does not have.
        absent = "sys_platform" in marker and sys.platform == "win32"
        return Installed(wanted.strip(), "" if absent else None)


def _name(demand: str) -> str:
    match = _NAME.match(demand)
    return match.group() if match else demand


def _quoted(demand: str) -> str:
    return f"'{demand}'"


def _numbers(text: str) -> Version:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:4])
