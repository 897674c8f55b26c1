"""The help of a verb as a newcomer reads it: flowing paragraphs, short words, lines to copy."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

# What typer would say of an option's value, and what we say.
_SAID = {
    "<bool>": "",
    "<int>": "N",
    "<int range>": "N",
    "<float>": "N",
    "<float range>": "N",
    "<path>": "PATH",
    "<str>": "TEXT",
    "<list[str]>": "TEXT",
}
_REMARK = "  # "


class Verb(TyperCommand):
    """A command whose options say what they take in a word, and whose examples can be copied."""

    def get_params(self, ctx: Any) -> list[Any]:
        """All parameters, that of the help too."""
        return _in_a_word(super().get_params(ctx), ctx)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Prints the help. What is shown in a frame is broken into lines; examples are not."""
        examples, self.epilog = self.epilog, None
        super().format_help(ctx, formatter)
        self.epilog = examples
        for line in (examples or "").split("\n\n"):
            command, separator, remark = line.partition(_REMARK)
            if separator:
                typer.secho(f"   # {remark}", dim=True)
                typer.echo(f"   {command}\n")
            elif line:
                typer.echo(f" {line}\n")


class Group(TyperGroup):
    """A group of verbs, whose options say what they take in a word."""

    def get_params(self, ctx: Any) -> list[Any]:
        """All parameters, that of the help too."""
        return _in_a_word(super().get_params(ctx), ctx)


def _in_a_word(parameters: list[Any], ctx: Any) -> list[Any]:
    for one in parameters:
        if isinstance(one, TyperOption) and one.metavar is None:
            one.metavar = _SAID.get(str(one.display_type_rich(ctx)))
    return parameters


def flowing(function: Callable[..., Any] | None) -> str:
    """What a function says of itself, each paragraph on one line, for a terminal of any width."""
    paragraphs = (inspect.getdoc(function) or "").split("\n\n")
    return "\n\n".join(" ".join(one.split()) for one in paragraphs)
