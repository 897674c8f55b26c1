"""What a broker's last words mean to the person at the keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.cli.local.errors import LocalStackError

if TYPE_CHECKING:
    from pathlib import Path

KNOWN = (
    ("No space left on device", "The disk is full", "Free some space and start again"),
    ("Address already in use", "A port of Kafka was taken", "Start again"),
    ("BindException", "A port of Kafka was taken", "Start again"),
    (
        "Failed to acquire lock on file",
        "The Kafka data folder is in use by another broker",
        "Stop that one, or choose another folder",
    ),
    (
        "metadata.version",
        "The Kafka data folder is of another Kafka version",
        "Choose another data folder",
    ),
    ("Could not reserve enough space", "Too little memory for Kafka", "Free about 400 MB"),
    ("insufficient memory", "Too little memory for Kafka", "Free about 400 MB"),
)


def trouble_in(words: str, log_file: Path) -> LocalStackError:
    """The error for what a broker said before it ended."""
    for sign, message, hint in KNOWN:
        if sign in words:
            return LocalStackError(message, hint)
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    said = next((line for line in reversed(lines) if "ERROR" in line or "Error" in line), "")
    said = said or (lines[-1] if lines else "it said nothing")
    return LocalStackError(f"Kafka did not start: {said[:300]}", f"Its log is {log_file}")
