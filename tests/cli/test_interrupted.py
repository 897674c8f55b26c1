"""Ctrl-C at any time leaves no traceback."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from services.cli.outline import outline
from services.cli.registry import app_of

# Interrupts the program at the moment at which it looks for a module.
PROGRAM = """
import os, signal, sys
class Interrupting:
    def find_spec(self, name, *_):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
sys.argv = ["milepost", *{words!r}]
from services.cli.__main__ import main
main()
"""


@pytest.mark.parametrize(
    ("words", "module", "code"),
    [
        (["--help"], "typer", -signal.SIGINT),
        (["tail"], "services.cli.tail", -signal.SIGINT),
        (["worker"], "services.journey_state.worker", -signal.SIGINT),
        # By then the verb itself hears of it, and puts in order what it has begun.
        (["up"], "services.cli.up", 128 + signal.SIGINT),
    ],
)
def test_ctrl_c_while_a_verb_is_loaded_is_silent(words: list[str], module: str, code: int) -> None:
    program = PROGRAM.format(module=module, words=words)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (code, b"", b"")


def test_a_verb_hears_of_ctrl_c_itself() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        CliRunner().invoke(outline(), ["--help"])
        assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL
        CliRunner().invoke(app_of(["journey"]), ["journey", "show"])
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
