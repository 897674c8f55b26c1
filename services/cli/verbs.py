"""The whole command line: every verb of `milepost`."""

from __future__ import annotations

from services.cli.registry import VERBS, app_of

app = app_of(VERBS)
