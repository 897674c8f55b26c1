"""Webhooks of providers: known to be theirs, translated, made durable."""
