"""The one error of the embedded stack."""

from __future__ import annotations


class LocalStackError(Exception):
    """Something on this machine stands in the way; `hint` says what to do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}. {self.hint}" if self.hint else f"{self.message}."
