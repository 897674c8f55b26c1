"""A YAML 1.2 file as plain values, with the line and column of each."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from services.journey_state.definition.problem import DefinitionError, Problem

TEXT_CHARACTERS_MAX = 131_072
NODES_MAX = 20_000  # aliases of aliases grow without bound in a short file

Path = tuple[str | int, ...]

_TAG = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
# A reader of arbitrary text fails in more ways than it documents: these are the ones it was seen
# or is known to leak besides its own.
_LEAKS = (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError)


def label(path: Path) -> str:
    """The innermost key of a path."""
    return next((step for step in reversed(path) if isinstance(step, str)), "the file")


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a value stands; lines and columns count from 1. `style` is its quote or block sign."""

    line: int
    column: int
    style: str = ""


@dataclass(slots=True)
class Document:
    """Plain values (`data`) and the places of all keys and values by path."""

    file: str
    data: Any = None
    values: dict[Path, Mark] = field(default_factory=dict)
    keys: dict[Path, Mark] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, path: Path, message: str, hint: str = "", *, key: bool = False) -> Problem:
        """A problem at the value (or the key) of `path`, else at the nearest place around it."""
        marks = self.keys if key else self.values
        while path and path not in marks:
            path, marks = path[:-1], self.values
        mark = marks.get(path, Mark(1, 1))
        return Problem(self.file, mark.line, mark.column, message, hint)

    def report(self, path: Path, message: str, hint: str = "", *, key: bool = False) -> None:
        self.problems.append(self.problem(path, message, hint, key=key))


def read(text: str, file: str) -> Document:
    """The document in `text`; raises DefinitionError where it is no YAML of reasonable size."""
    if len(text) > TEXT_CHARACTERS_MAX:
        message = f"the file has {len(text)} characters, at most {TEXT_CHARACTERS_MAX} are read"
        raise DefinitionError([Problem(file, 1, 1, message, "shorten it")])
    document = Document(file)
    root = _compose(text, file)
    if root is not None:
        document.data = _Plain(document).value(root, ())
    if document.problems:
        raise DefinitionError(document.problems)
    return document


def _compose(text: str, file: str) -> Node | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an anchor defined twice is allowed by YAML 1.2
            root: Node | None = YAML(typ="safe", pure=True).compose(text)
            return root
    except MarkedYAMLError as error:
        raise DefinitionError([_syntax(error, file)]) from None
    except YAMLError as error:
        message = str(error).splitlines()[0] if str(error) else "cannot be read as YAML"
        raise DefinitionError([Problem(file, 1, 1, message, "save it as UTF-8 text")]) from None
    except _LEAKS as error:
        message = "nested too deeply" if isinstance(error, RecursionError) else "not readable YAML"
        raise DefinitionError([Problem(file, 1, 1, message)]) from None


def _syntax(error: MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    context = f"{error.context}, " if error.context and error.problem else ""
    message = f"not YAML: {context}{error.problem or error.context or 'unreadable'}"
    return Problem(file, line, column, message, "check indentation, brackets and quotes")


class _Plain:
    """Turns YAML nodes into plain values, remembering where each stood."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._left = NODES_MAX

    def value(self, node: Node, path: Path) -> Any:
        self._left -= 1
        self._document.values[path] = self._mark(node, path)
        if self._left < 0:
            problem = self._document.problem(path, f"more than {NODES_MAX} values", "use less")
            raise DefinitionError([problem])
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.value(item, (*path, at)) for at, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mark(self, node: Node, path: Path) -> Mark:
        if isinstance(node, ScalarNode) and not node.value and path in self._document.keys:
            return self._document.keys[path]  # no value: the reader looked for one further down
        return Mark(node.start_mark.line + 1, node.start_mark.column + 1, _style(node))

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        plain: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                mark = key_node.start_mark
                text, at = "?", Mark(mark.line + 1, mark.column + 1)
                self._document.keys[*path, text] = at
                self._document.report((*path, text), "a key must be text", key=True)
                continue
            key = (*path, key_node.value)
            mark = Mark(key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            self._document.keys[key] = mark
            if key_node.value in plain:
                self._document.report(key, f"{key_node.value} appears twice", "keep one", key=True)
            plain[key_node.value] = self.value(value_node, key)
        return plain

    def _scalar(self, node: Node, path: Path) -> Any:
        kind, text = str(node.tag).removeprefix(_TAG), str(node.value)
        if kind == "int" and _INTEGER.fullmatch(text):
            return int(text)
        if kind == "bool":
            return text.lower() == "true"
        if kind == "null":
            return None
        if kind in {"str", "timestamp", "merge", "int", "float", "value"}:
            return 0.5 if kind in {"int", "float"} else text  # no number is allowed anywhere
        self._document.report(path, f"the tag {node.tag} is not supported", "remove it")
        return text


def _style(node: Node) -> str:
    return (node.style or "") if isinstance(node, ScalarNode) else ""
