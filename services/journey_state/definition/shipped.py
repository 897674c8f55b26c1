"""The definitions that come with Milepost, and those in files: the only reading of files here."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

from services.journey_state.definition.load import load
from services.journey_state.definition.problem import DefinitionError, Problem
from services.journey_state.definition.rules import Definition

DEFAULT = "ecommerce"
DEFINITION_BYTES_MAX = 1_048_576
_NAMES = ("b2b", "demo", "ecommerce", "saas")


def shipped_names() -> tuple[str, ...]:
    """The names that `shipped` knows, sorted."""
    return _NAMES


@cache
def shipped(name: str = DEFAULT) -> Definition:
    """A definition that comes with Milepost; KeyError for a name that is not shipped."""
    if name not in _NAMES:
        raise KeyError(f"no journey {name} is shipped; there are {', '.join(_NAMES)}")
    path = files("services.journey_state") / "journeys" / f"{name}.yaml"
    return load(path.read_text(encoding="utf-8"), file=f"{name}.yaml")


def read_definition(path: Path) -> Definition:
    """The definition in a file; DefinitionError also where the file cannot be read."""
    try:
        with path.open("rb") as file:
            content = file.read(DEFINITION_BYTES_MAX)
        text = content.decode()
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise DefinitionError([Problem(str(path), 1, 1, reason, "check the path")]) from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = Problem(str(path), line, 1, "is not UTF-8 text", "save it as UTF-8")
        raise DefinitionError([problem]) from None
    return load(text, file=str(path))
