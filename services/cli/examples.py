"""An example or two of every verb, for its help."""

from __future__ import annotations

# A line and what it does. Lines are short enough for a terminal of 80 columns.
EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "up": (
        ("milepost up --demo", "a shop whose journeys are played before your eyes"),
        ("milepost up --data ./try", "everything in a folder of your own"),
    ),
    "ingest": (("milepost ingest", "settings come from the environment: MILEPOST_..."),),
    "api": (("MILEPOST_API__PORT=8002 milepost api", "beside another one"),),
    "worker": (("milepost worker", "start more of them to share the partitions"),),
    "migrate": (("milepost migrate", "before the roles of a new version start"),),
    "topics": (("milepost topics", "safe to repeat; ends with 2 where a topic is wrong"),),
    "simulate": (
        ("milepost simulate", "200 people against the running `milepost up`"),
        (
            "milepost simulate --customers 3000 --pain mail-stall --oracle end.json",
            "with something to find, and a file of what must come out",
        ),
    ),
    "customer": (
        ("milepost customer you", "by any identifier; `milepost up` prints how to send one"),
        ("milepost customer user_id:you --as-of 2026-11-21T12:00:00Z", "what was known then"),
    ),
    "explain": (
        ("milepost explain user_id:you", "why this stage, and why no other"),
        ("milepost explain user_id:you --signal cart", "why a signal was raised, or was not"),
    ),
    "erase": (("milepost erase user_id:you", "asks before it is done"),),
    "link": (("milepost link user_id:you phone:+48512345678", "they are one person"),),
    "unlink": (("milepost unlink phone:+48512345678", "they are not, after all"),),
    "tail": (
        ("milepost tail signals", "what is abandoned, recovered and retracted, as it happens"),
        ("milepost tail touchpoints --from-beginning --limit 100 --json", "for a program"),
    ),
    "email-link": (
        (
            "milepost email-link --source email --url https://shop.example --customer you",
            "a picture and a link to put into the mail",
        ),
    ),
    "import": (
        (
            "milepost import sales.csv --source offline --historical",
            "the past of a shop: builds stages, raises no signals",
        ),
    ),
    "export": (
        ("milepost export --out ./data --format jsonl", "three files"),
        ("milepost export --out ./data --from 2026-11-01 --pseudonymous", "for a notebook"),
    ),
    "replay": (("milepost replay --from 2026-11-20", "after a disaster, or for doubts"),),
    "doctor": (
        ("milepost doctor", "a line for each check, with the fix where one fails"),
        ("milepost doctor --json", "for a monitor; ends with 1 where a check fails"),
    ),
    "bench": (("milepost bench worker --rounds 3", "some minutes, both cores"),),
    "journey check": (("milepost journey check journey.yaml", "each fault with its line"),),
    "journey show": (("milepost journey show saas", "one of those that are shipped"),),
    "journey publish": (("milepost journey publish journey.yaml", "and wait until it is done"),),
    "journey backtest": (
        ("milepost journey backtest journey.yaml --since 30d", "who would be elsewhere"),
    ),
    "source add": (
        ("milepost source add shop --channel website --origin https://shop.example", "a key"),
        ("milepost source add mails --channel email --provider sendgrid", "its webhook's URL"),
    ),
    "source list": (("milepost source list", "who may send"),),
    "source rotate": (("milepost source rotate shop --keep-old", "both keys hold for now"),),
    "source revoke": (("milepost source revoke shop", "its key is refused from now on"),),
    "watermark show": (("milepost watermark show", "what holds back signals, and what to do"),),
    "watermark release": (
        ("milepost watermark release ingest-7f3a", "a machine that will not come back"),
    ),
    "dead-letters list": (("milepost dead-letters list", "what could not be processed, and why"),),
    "dead-letters show": (("milepost dead-letters show 7", "the record with its bytes"),),
    "dead-letters replay": (
        ("milepost dead-letters replay --all", "once what failed is mended"),
        ("milepost dead-letters replay 7 --file corrected.json", "another record in its place"),
    ),
    "dead-letters drop": (("milepost dead-letters drop 7", "it is settled; the bytes stay"),),
    "dead-letters resume": (("milepost dead-letters resume 3", "partition 3 goes on"),),
}


def epilog(verb: str) -> str | None:
    """The examples as the end of a verb's help; paragraphs are lines there."""
    lines = [f"{line}  # {says}" for line, says in EXAMPLES.get(verb, ())]
    return "\n\n".join(["For example:", *lines]) if lines else None
