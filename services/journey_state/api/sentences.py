"""Pain points and insights as English sentences; the page makes its own from their codes."""

from __future__ import annotations

from collections.abc import Mapping

_TEXTS = {
    "leak": "{share} of the people who came to {stage}{where} did not go on within {within};"
    " {baseline} {usual}.",
    "stall": "{share} of those who went on from {stage}{where} took longer than {within};"
    " {baseline} {usual}.",
    "loop_stage": "{share} of those who came to {stage}{where} had been further or there before;"
    " {baseline} {usual}.",
    "loop_event": "{share} of the people active in {stage}{where} repeated {cause};"
    " {baseline} {usual}.",
    "error": "{share} of the people active in {stage}{where} met {cause}; {baseline} {usual}.",
    "abandonment": "{share} of the people active in {stage}{where} left something ({cause});"
    " {baseline} {usual}.",
    "conversion_fell": "{stage} lost {points} points against the period before: {share} of those"
    " who came went on within {within}, {baseline} did before{mostly}.",
    "conversion_rose": "{stage} won {points} points against the period before: {share} of those who"
    " came went on within {within}, {baseline} did before.",
    "entered_more": "{people} people came to {stage}, {change} more than in the period before.",
    "entered_fewer": "{people} people came to {stage}, {change} fewer than in the period before.",
    "went_on_least": "From {stage} the fewest go on: {share} of {of} people did within {within}.",
    "abandonment_recovered": "{people} of the {of} people who left something ({cause}) came back:"
    " {share}.",
    "mostly_used": "{share} of the people who came to {stage} used {value} there.",
}
_USUAL = {"previous": "did in the {before} before", "others": "of the others did"}


def sentence(code: str, parameters: Mapping[str, str | int | float | None]) -> str:
    """The sentence of this code."""
    words = {name: "" if value is None else str(value) for name, value in parameters.items()}
    for name in ("share", "baseline", "change"):
        if isinstance(parameters.get(name), float):
            words[name] = f"{float(parameters[name] or 0):.0%}"
    words["within"] = duration(int(parameters.get("within_seconds") or 0))
    words["where"] = _place(parameters, " ({})")
    words["mostly"] = _place(parameters, ", mostly {}")
    days = parameters.get("days")
    before = f"{days} days" if days else "period"
    words["usual"] = _USUAL.get(words.get("against", ""), "").format(before=before)
    return (f"In the last {days} days " if days else "") + _TEXTS[code].format(**words)


def _place(parameters: Mapping[str, str | int | float | None], text: str) -> str:
    dimension = parameters.get("dimension")
    if dimension in (None, "all"):
        return ""
    return text.format(f"{dimension} {parameters['value']}")


def duration(seconds: int) -> str:
    """In the largest unit of which there are two at least."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            number = f"{seconds / size:.1f}".removesuffix(".0")
            return f"{number} {unit}"
    return f"{seconds} seconds"
