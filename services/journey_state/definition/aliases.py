"""Other names of events: read, and checked wherever a rule names an event (semantics 3.6)."""

from __future__ import annotations

from services.journey_state.definition.document import Document
from services.journey_state.definition.entries import mapping, matches, texts

# Calls that are events by their type; a `track` event may bear such a name and have aliases.
_CALLS = frozenset({"page", "screen", "identify", "group", "alias"})


def read_aliases(document: Document) -> dict[str, str]:
    """Other name to canonical name; reports a name with two meanings."""
    section = mapping(mapping(document.data).get("aliases"))
    canonical = {str(name).strip() for name in section}
    aliases: dict[str, str] = {}
    for name, others in section.items():
        for path, other in texts(others, ("aliases", name)):
            if other in canonical:
                document.report(path, f"{other} is a canonical name itself", "remove it here")
            elif aliases.setdefault(other, name.strip()) != name.strip():
                message = f"{other} is already another name of {aliases[other]}"
                document.report(path, message, "keep it under one name")
    return aliases


def check_names(document: Document, aliases: dict[str, str]) -> None:
    """Reports aliases where the canonical name is needed: such a rule would never match."""
    data = mapping(document.data)
    named = [found for path, rule in matches(document) for found in _events(path, rule)]
    named += texts(data.get("passive"), ("passive",))
    named += [(("once", name), name.strip()) for name in mapping(data.get("once"))]
    for path, event in named:
        if event in aliases and event not in _CALLS:
            message = f"{event} is an alias and never reaches a rule"
            document.report(path, message, f"write {aliases[event]}", key=path[0] == "once")


def _events(
    path: tuple[str | int, ...], rule: dict[str, object]
) -> list[tuple[tuple[str | int, ...], str]]:
    return list(texts(rule.get("event"), (*path, "event")))
