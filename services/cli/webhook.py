"""Setting up a webhook: the provider's secret without showing it, the URL, what to do next."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import msgspec
import typer
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from services.cli.endpoints import EndpointsError, read_endpoints
from services.ingest.hooks.options import Mapping, SecretRef, Signature, Webhook
from services.ingest.hooks.provider import Provider
from services.ingest.hooks.receiver import PREFIX
from services.ingest.hooks.registry import PROVIDERS
from services.ingest.sources_file import Hook, Source, SourcesFileError
from services.settings import Settings

GENERIC = "generic"  # the one whose way of signing is told by its source


class Given(NamedTuple):
    """What the options of the command line say of a webhook."""

    ask: bool = False
    file: Path | None = None
    env: str | None = None
    topic_arns: tuple[str, ...] = ()
    mapping: Path | None = None

    @property
    def is_there(self) -> bool:
        """Whether some option speaks of a secret."""
        return self.ask or self.file is not None or self.env is not None


class _Reading(msgspec.Struct, forbid_unknown_fields=True):
    """What a mapping's file may say."""

    mapping: Mapping | None = None
    signature: Signature | None = None


def hook_of(name: str | None, given: Given) -> Hook:
    """What a new source's webhook is checked with. Raises SourcesFileError."""
    if name is None:
        if given.is_there or given.topic_arns or given.mapping:
            raise SourcesFileError("a webhook needs its provider: add --provider")
        return Hook()
    provider = provider_of(name)
    if provider.proof == "certificate" and not given.topic_arns:
        raise SourcesFileError(f"{name} needs the topics that may send: add --topic-arn ARN")
    reading = _reading_of(given.mapping)
    if name == GENERIC and given.is_there != (reading.signature is not None):
        raise SourcesFileError(
            "a signature needs both: `signature` in the file of --mapping, and its key by --secret"
        )
    webhook = Webhook(
        secrets=_first_secrets(provider, given),
        topic_arns=given.topic_arns,
        mapping=reading.mapping,
        signature=reading.signature,
    )
    return Hook(name, webhook)


def _reading_of(path: Path | None) -> _Reading:
    if path is None:
        return _Reading()
    try:
        document = YAML(typ="safe", pure=True).load(path.read_text("utf-8"))
        return msgspec.convert(document, _Reading)
    except (YAMLError, ValueError, RecursionError) as error:
        raise SourcesFileError(f"{path}: {' '.join(str(error).split())}") from None


def provider_of(name: str) -> Provider:
    """The provider of this name. Raises SourcesFileError."""
    if name not in PROVIDERS:
        known = ", ".join(sorted(PROVIDERS))
        raise SourcesFileError(f"the provider {name!r} is not known; it must be one of {known}")
    return PROVIDERS[name]


def secret_of(provider: Provider, given: Given) -> SecretRef:
    """The provider's secret: where it was said to be, else asked for. Raises SourcesFileError."""
    if provider.proof in ("key", "certificate"):
        raise SourcesFileError(f"{provider.name} makes no secret that could be given here")
    if given.file is not None:
        _require_fit(provider, given.file.read_bytes())
        return SecretRef(file=str(given.file.resolve()))
    if given.env is not None:
        return SecretRef(env=given.env)
    secret = _asked(provider)
    _require_fit(provider, secret.encode())
    return SecretRef(value=secret)


def url_of(name: str, data: Path | None) -> str:
    """Where the provider sends to: the public URL that is set, else that of the running system."""
    ingest = Settings().ingest
    if ingest.public_url:
        return ingest.public_url.rstrip("/") + PREFIX + name
    try:
        started = read_endpoints(data).ingest
    except EndpointsError:
        started = f"http://{ingest.host}:{ingest.port}"
    return started.rstrip("/") + PREFIX + name


def needs_no_key(source: Source) -> bool:
    """Whether its provider proves itself without the source's write key."""
    provider = PROVIDERS.get(source.provider or "")
    if provider is None or provider.challenge is not None:
        return False
    return provider.proof in ("secret", "certificate")


def lacks_secret(source: Source) -> bool:
    """Whether everything is refused because its provider's secret is not given yet."""
    provider = PROVIDERS.get(source.provider or "")
    return provider is not None and provider.proof == "secret" and not source.webhook.secrets


def print_steps(source: Source, url: str, key: str) -> None:
    """The URL to paste, and what to do with it."""
    provider = provider_of(source.provider or "")
    print(f"\n{url}", file=sys.stderr)
    for number, step in enumerate(provider.setup.steps, 1):
        print(f"  {number}. {step.format(url=url, key=key)}", file=sys.stderr)
    if lacks_secret(source):
        print(
            "  Until it has the secret everything is refused:"
            f" milepost source rotate {source.name} --secret",
            file=sys.stderr,
        )


def _first_secrets(provider: Provider, given: Given) -> tuple[SecretRef, ...]:
    """None where a person says so: some providers make the secret when they have the URL."""
    if not given.is_there:
        if provider.proof != "secret":
            return ()
        if sys.stdin.isatty():
            secret = _prompted(provider, "; Enter: later", default="")
            if not secret:
                return ()
            _require_fit(provider, secret.encode())
            return (SecretRef(value=secret),)
    return (secret_of(provider, given),)


def _prompted(provider: Provider, more: str = "", default: str | None = None) -> str:
    what = f"{provider.name}'s {provider.setup.secret}{more}"
    answer = typer.prompt(what, default=default, show_default=False, hide_input=True, err=True)
    return str(answer).strip()


def _asked(provider: Provider) -> str:
    """From the terminal without an echo, else from standard input; never from an argument, which
    every user of the machine can read."""
    if sys.stdin.isatty():
        return _prompted(provider)
    secret = sys.stdin.read().strip()
    if not secret:
        raise SourcesFileError(
            f"{provider.name}'s {provider.setup.secret} is needed:"
            " give it on standard input, or use --secret-file or --secret-env"
        )
    return secret


def _require_fit(provider: Provider, secret: bytes) -> None:
    fault = provider.secret_fault(secret.strip()) if secret.strip() else "it is empty"
    if fault is not None:
        raise SourcesFileError(f"this is not the {provider.setup.secret}: {fault}")
