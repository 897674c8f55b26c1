"""`milepost source` for providers' webhooks: secrets unseen, a URL to paste, what to do next."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.cli.source import app
from services.ingest.hooks.options import Mapping, SecretRef, Signature
from services.ingest.sources_file import Source, hash_of, list_sources

MAILGUN = ("mails", "--channel", "email", "--provider", "mailgun")


def run(data: Path, *arguments: str, given: str = "") -> Result:
    return CliRunner().invoke(app, [*arguments, "--data", str(data)], input=given)


def only(data: Path) -> Source:
    (source,) = list_sources(data / "sources.json")
    return source


def test_a_providers_secret_comes_by_standard_input_and_is_never_shown(tmp_path: Path) -> None:
    result = run(tmp_path, "add", *MAILGUN, given="key-hidden\n")
    assert result.exit_code == 0, result.output
    assert only(tmp_path).webhook.secrets == (SecretRef(value="key-hidden"),)
    assert (tmp_path / "sources.json").stat().st_mode & 0o777 == 0o600
    shown = result.output + run(tmp_path, "list").output + run(tmp_path, "list", "--json").output
    assert "key-hidden" not in shown


def test_the_url_and_the_next_steps_are_told(tmp_path: Path) -> None:
    result = run(tmp_path, "add", *MAILGUN, given="key-hidden")
    assert "/v1/hooks/mails\n  1. Mailgun" in result.stderr
    assert "  2. " in result.stderr
    assert "does not need it" in result.stderr
    assert hash_of(result.stdout.strip()) == only(tmp_path).key_sha256


def test_the_public_url_is_the_one_to_paste(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILEPOST_INGEST__PUBLIC_URL", "https://events.example/")
    made = json.loads(run(tmp_path, "add", *MAILGUN, "--json", given="key-hidden").stdout)
    assert made["url"] == "https://events.example/v1/hooks/mails"
    assert set(made) == {"name", "channel", "write_key", "url"}


def test_a_source_without_its_secret_is_listed_so(tmp_path: Path) -> None:
    run(tmp_path, "add", *MAILGUN, given="key-hidden")
    assert "no secret" not in run(tmp_path, "list").stdout
    file = tmp_path / "sources.json"
    document = json.loads(file.read_text())
    document["sources"][0]["webhook"] = {}
    file.write_text(json.dumps(document))
    assert "no secret" in run(tmp_path, "list").stdout


def test_a_secret_may_stay_where_it_is(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("key-hidden")
    run(tmp_path, "add", *MAILGUN, "--secret-file", str(file))
    assert only(tmp_path).webhook.secrets == (SecretRef(file=str(file)),)
    assert run(tmp_path, "rotate", "mails", "--secret-env", "MAILGUN_KEY").exit_code == 0
    assert only(tmp_path).webhook.secrets == (SecretRef(env="MAILGUN_KEY"),)


def test_while_a_secret_is_changed_the_old_one_may_be_kept(tmp_path: Path) -> None:
    run(tmp_path, "add", *MAILGUN, given="one")
    for secret in ("two", "three"):
        result = run(tmp_path, "rotate", "mails", "--secret", "--keep-old", given=secret)
        assert result.stdout == "mails has a new secret\n"
    assert [one.value for one in only(tmp_path).webhook.secrets] == ["three", "two"]
    run(tmp_path, "rotate", "mails", "--secret", given="four")
    assert [one.value for one in only(tmp_path).webhook.secrets] == ["four"]


def test_while_our_own_key_is_changed_the_old_one_may_be_kept(tmp_path: Path) -> None:
    provider = ("--provider", "postmark")
    first = run(tmp_path, "add", "pm", "--channel", "email", *provider).stdout.strip()
    second = run(tmp_path, "rotate", "pm", "--keep-old").stdout.strip()
    assert only(tmp_path).key_hashes == (hash_of(second), hash_of(first))
    third = run(tmp_path, "rotate", "pm").stdout.strip()
    assert only(tmp_path).key_hashes == (hash_of(third),)


def test_topics_and_a_mapping_are_kept(tmp_path: Path) -> None:
    arn = "arn:aws:sns:eu-west-1:1:a"
    topics = ("--provider", "ses", "--topic-arn", arn, "--topic-arn", arn + "2")
    assert run(tmp_path, "add", "ses", "--channel", "email", *topics).exit_code == 0
    assert only(tmp_path).webhook.topic_arns == (arn, arn + "2")
    file = tmp_path / "mapping.yaml"
    file.write_text("mapping: {event: what, user_id: who}\nsignature: {header: X-Sign}\n")
    mapped = ("--provider", "generic", "--mapping", str(file), "--secret")
    result = run(tmp_path, "add", "pbx", "--channel", "phone", *mapped, given="hidden")
    assert result.exit_code == 0, result.output
    _, source = list_sources(tmp_path / "sources.json")
    assert source.webhook.mapping == Mapping(event="what", user_id="who")
    assert source.webhook.signature == Signature(header="X-Sign")


@pytest.mark.parametrize(
    ("arguments", "given", "reason"),
    [
        (("--provider", "mailgun"), "", "needed: give it on standard input"),
        (("--provider", "sendgrid"), "abc", "no SendGrid verification key"),
        (("--provider", "fax-of-1987"), "", "must be one of"),
        (("--provider", "postmark", "--secret"), "x", "makes no secret"),
        (("--secret",), "x", "add --provider"),
        (("--provider", "mailgun", "--secret-file", "/nowhere"), "", "/nowhere"),
        (("--provider", "ses"), "", "--topic-arn"),
        (("--provider", "generic", "--mapping", "/nowhere"), "", "/nowhere"),
        (("--provider", "generic", "--secret"), "x", "needs both"),
        (("--provider", "generic", "--mapping", __file__), "", "test_webhook.py"),
    ],
)
def test_what_cannot_work_is_refused_in_one_line(
    tmp_path: Path, arguments: tuple[str, ...], given: str, reason: str
) -> None:
    result = run(tmp_path, "add", "x", "--channel", "email", *arguments, given=given)
    assert result.exit_code == 1
    assert reason in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "sources.json").exists()
