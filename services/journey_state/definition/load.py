"""Loads a journey definition: text to compiled rules, or every fault in it (semantics 3)."""

from __future__ import annotations

import hashlib

from services.journey_state.definition.aliases import check_names, read_aliases
from services.journey_state.definition.building import build
from services.journey_state.definition.checks import check_meaning
from services.journey_state.definition.compiling import compile_all
from services.journey_state.definition.document import read
from services.journey_state.definition.problem import DefinitionError
from services.journey_state.definition.reach import check_reachable
from services.journey_state.definition.rules import Definition
from services.journey_state.definition.schema import check_shape

VERSION_DIGITS = 16


def load(text: str, *, file: str = "journey.yaml") -> Definition:
    """The compiled definition; `file` is only the name in messages.

    Raises DefinitionError with all problems, and nothing else.
    """
    document = read(text, file)
    check_shape(document)
    check_meaning(document)
    check_reachable(document)
    aliases = read_aliases(document)
    check_names(document, aliases)
    compiled = compile_all(document, aliases)
    if document.problems:
        raise DefinitionError(document.problems)
    return build(document, compiled, aliases, text=text, version=version_of(text))


def version_of(text: str) -> str:
    """Hex digits of a hash of the text, the same for any line ends, byte order mark and end."""
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    return hashlib.sha256(plain.encode()).hexdigest()[:VERSION_DIGITS]
