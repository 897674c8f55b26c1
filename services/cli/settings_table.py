"""The table of all settings for the documentation, drawn from the settings themselves."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from services.settings import Settings

_HEAD = """# Settings

Every setting is an environment variable; there is no settings file. This page is written by
`python -m services.cli.settings_table docs/settings.md`, and a test keeps it current.
"""
_COLUMNS = "| Variable | Default | Values | Meaning |\n|---|---|---|---|\n"
_BOUNDS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}


def names() -> frozenset[str]:
    """The names of all environment variables that are settings."""
    return frozenset(name for name, _ in _settings(Settings, "MILEPOST_"))


def table() -> str:
    """The page of all settings as Markdown, one section per group."""
    plain = [(name, field) for name, field in Settings.model_fields.items() if not _group(field)]
    rows = "".join(_row(f"MILEPOST_{name.upper()}", field) for name, field in plain)
    sections = [f"{_HEAD}\n{_COLUMNS}{rows}"]
    for name, field in Settings.model_fields.items():
        if group := _group(field):
            found = _settings(group, f"MILEPOST_{name.upper()}__")
            rows = "".join(_row(variable, setting) for variable, setting in found)
            about = (group.__doc__ or "").strip()
            sections.append(f"## {name.capitalize()}\n\n{about}\n\n{_COLUMNS}{rows}")
    return "\n".join(sections)


def _settings(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        variable = f"{prefix}{name.upper()}"
        if group := _group(field):
            yield from _settings(group, f"{variable}__")
        else:
            yield variable, field


def _group(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _row(variable: str, field: FieldInfo) -> str:
    cells = (f"`{variable}`", _default(field), _values(field), field.description or "")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _default(field: FieldInfo) -> str:
    return "" if field.default in (None, "") else f"`{field.default}`"


def _values(field: FieldInfo) -> str:
    bounds = [
        f"{sign} {value}"
        for bound in field.metadata
        for attribute, sign in _BOUNDS.items()
        if (value := getattr(bound, attribute, None)) is not None
    ]
    return ", ".join([_kind(field.annotation), *bounds])


def _kind(annotation: Any) -> str:
    """The annotation in words."""
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(annotation))
    if get_origin(annotation) in (Union, types.UnionType):
        return " or ".join(_kind(one) for one in get_args(annotation) if one is not type(None))
    words = {int: "whole number", float: "number", str: "text", Path: "path", SecretStr: "secret"}
    return words.get(annotation, str(annotation))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(table(), encoding="utf-8")
