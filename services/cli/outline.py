"""The command line as its help lists it: every verb with its first line, none of them loaded."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path

import typer

from services.cli.registry import VERBS, bare_app


def outline() -> typer.Typer:
    """For the help of all and for completing a verb; to run one, `registry.app_of` has it."""
    app = bare_app()
    for verb, place in VERBS.items():
        module, _, attribute = place.partition(":")
        app.command(verb, help=help_of(module, attribute))(_not_here)
    return app


def help_of(module: str, attribute: str) -> str:
    """What a verb's function or group says of itself, read from its source; empty: nothing."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        return ""
    for statement in ast.parse(Path(spec.origin).read_bytes()).body:
        if isinstance(statement, ast.FunctionDef) and statement.name == attribute:
            return ast.get_docstring(statement) or ""
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == attribute:
            return _help_of_group(statement.value)
    return ""


def _help_of_group(value: ast.expr) -> str:
    keywords = value.keywords if isinstance(value, ast.Call) else []
    texts = [one.value for one in keywords if one.arg == "help"]
    return str(ast.literal_eval(texts[0])) if texts else ""


def _not_here() -> None:
    raise RuntimeError("a verb was looked for where only its help is")
