"""Asking the query API from the command line: where it is, who asks, what its refusals mean."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, NoReturn

import httpx2
import typer

from services.cli.endpoints import EndpointsError, read_endpoints

ANSWER_SECONDS_MAX = 20.0
EXIT_NOT_FOUND = 1
EXIT_USAGE = 2
EXIT_NOT_REACHABLE = 3

_WHO_ASKS = 401
_NOT_FOUND = frozenset({404, 410})

DataOption = Annotated[
    Path | None, typer.Option("--data", help="Data folder of the running system.")
]
ApiOption = Annotated[
    str | None, typer.Option("--api", help="URL of the query API, instead of --data.")
]
TokenOption = Annotated[
    Path | None, typer.Option("--token-file", help="File whose first line is a bearer token.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the API's answer.")]


class QueryApi:
    """The query API of a running system; every failure ends the program with a clear line.

    Exit code 1: what was asked for is not there; 2: asked wrongly; 3: the API does not answer.
    `verb` begins each line, such as `customer`.
    """

    def __init__(
        self, verb: str, *, data: Path | None, api: str | None, token_file: Path | None
    ) -> None:
        self._verb = verb
        self.url = (api or self._api_of(data)).rstrip("/")
        self._headers = self._token(token_file)

    def get(self, path: str, **parameters: Any) -> dict[str, Any]:
        """The answer to a GET; parameters that are None are left out."""
        return self.ask("GET", path, parameters=parameters)

    def ask(
        self,
        method: str,
        path: str,
        *,
        parameters: dict[str, Any] | None = None,
        body: Any = None,
        seconds_max: float = ANSWER_SECONDS_MAX,
    ) -> dict[str, Any]:
        """The answer, a JSON object."""
        given = {name: value for name, value in (parameters or {}).items() if value is not None}
        try:
            answer = httpx2.request(
                method,
                f"{self.url}{path}",
                params=given,
                json=body,
                headers=self._headers,
                timeout=seconds_max,
            )
            found = answer.json()
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            self.fail(EXIT_USAGE, f"--api {self.url}: {error}")
        except httpx2.HTTPError as error:
            self.fail(EXIT_NOT_REACHABLE, f"the query API at {self.url} does not answer: {error}")
        except ValueError:
            found = None
        if not isinstance(found, dict):
            self.fail(EXIT_NOT_REACHABLE, f"{self.url} answers, but it is not Milepost's query API")
        if not answer.is_success:
            self._refused(answer, str(found.get("detail") or "no reason"))
        return found

    def fail(self, code: int, message: str) -> NoReturn:
        """Say what is wrong and end."""
        typer.echo(f"milepost {self._verb}: {message}", err=True)
        raise typer.Exit(code)

    def _api_of(self, data: Path | None) -> str:
        try:
            return read_endpoints(data).api
        except EndpointsError as error:
            self.fail(EXIT_NOT_REACHABLE, str(error))

    def _token(self, token_file: Path | None) -> dict[str, str]:
        if token_file is None:
            return {}
        try:
            words = token_file.read_text("utf-8").split(maxsplit=1)
        except (OSError, UnicodeDecodeError) as error:
            self.fail(EXIT_USAGE, f"--token-file {token_file}: {error}")
        if not words:
            self.fail(EXIT_USAGE, f"--token-file {token_file}: is empty")
        return {"Authorization": f"Bearer {words[0]}"}

    def _refused(self, answer: httpx2.Response, detail: str) -> NoReturn:
        if answer.status_code in _NOT_FOUND:
            self.fail(EXIT_NOT_FOUND, detail)
        if answer.status_code == _WHO_ASKS:
            known = "does not know this token" if self._headers else "asks for a token"
            how = "--token-file names a file whose first line is one of its tokens"
            self.fail(EXIT_USAGE, f"the query API at {self.url} {known}: {how}")
        code = EXIT_USAGE if answer.is_client_error else EXIT_NOT_REACHABLE
        self.fail(code, f"the query API at {self.url} answers {answer.status_code}: {detail}")
