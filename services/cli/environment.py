"""Settings as environment variables, for a child that reads them again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, SecretStr

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.settings import Settings


def environment_of(settings: Settings) -> dict[str, str]:
    """`MILEPOST_*` for every setting that is not its default.

    Paths become absolute: the child works in another folder.
    """
    return dict(_variables(settings, "MILEPOST_"))


def _variables(group: BaseModel, prefix: str) -> Iterator[tuple[str, str]]:
    for name, field in type(group).model_fields.items():
        value = getattr(group, name)
        variable = f"{prefix}{name.upper()}"
        if isinstance(value, BaseModel):
            yield from _variables(value, f"{variable}__")
        elif value != field.get_default(call_default_factory=True) and value is not None:
            yield variable, _text(value)


def _text(value: Any) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Path):
        return str(value.absolute())
    return str(value)
