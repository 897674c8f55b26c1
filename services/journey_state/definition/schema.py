"""The published JSON Schema of journey definitions, and its faults as problems with lines."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema_rs

from services.journey_state.definition.document import Document, Path, label
from services.journey_state.definition.problem import did_you_mean

_TYPES = {
    "str": "text",
    "int": "a number",
    "float": "a number",
    "bool": "true or false",
    "NoneType": "empty",
    "dict": "a map",
    "list": "a list",
}
_BOUNDS = {
    "minItems": "is empty",
    "minLength": "is empty",
    "maxItems": "has too many entries",
    "maxProperties": "has too many entries",
    "maxLength": "is too long",
}


@cache
def journey_schema() -> dict[str, Any]:
    """The schema as published; not to be changed."""
    path = files("services.journey_state") / "journeys" / "schema.json"
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


@cache
def _validator() -> Any:
    return jsonschema_rs.validator_for(journey_schema())


def check_shape(document: Document) -> None:
    """Reports every place where the document is not what the schema says."""
    for error in _validator().iter_errors(document.data):
        _report(document, error, journey_schema())


def check_against(document: Document, schema: dict[str, Any]) -> None:
    """The same by another schema."""
    for error in jsonschema_rs.validator_for(schema).iter_errors(document.data):
        _report(document, error, schema)


def _report(document: Document, error: Any, schema: dict[str, Any]) -> None:
    path: Path = tuple(error.instance_path)
    rule = _subschema(error.schema_path, schema)
    name, hint = error.kind.name, str(rule.get("description", ""))
    if name == "additionalProperties":
        for key in error.kind.unexpected:
            known = did_you_mean(str(key), list(rule["properties"]))
            document.report((*path, str(key)), f"unknown key {key}", known, key=True)
    elif name == "required":
        document.report(path, f"{error.kind.property} is missing", hint)
    elif name == "type":
        found = _TYPES[type(error.instance).__name__]
        document.report(path, f"{label(path)} is {found}, which does not fit here", hint)
    elif name == "falseSchema":
        fix = "a stage rule is opened and closed by the stage alone"
        document.report(path, f"{label(path)} has no meaning in a stage rule", fix, key=True)
    elif name == "oneOf":
        document.report(path, "needs either opens or stage", hint)
    elif name == "propertyNames":
        document.report(path, f"{label(path)} has a key that does not fit", hint)
    elif name == "pattern":
        document.report(
            path, f"{label(path)} is {_shown(error.instance)}, which does not fit here", hint
        )
    else:
        document.report(path, f"{label(path)} {_BOUNDS.get(name, 'does not fit here')}", hint)


def _subschema(path: list[str | int], schema: dict[str, Any]) -> dict[str, Any]:
    """The part of the schema that holds the rule at a path; keys are ruled by their map's part."""
    end = path.index("propertyNames") if "propertyNames" in path else len(path) - 1
    found: Any = schema
    for step in path[:end]:
        found = found[step]
    return found if isinstance(found, dict) else {}


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
