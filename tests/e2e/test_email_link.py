"""`milepost email-link`: what it prints, followed as a mail program and a browser do."""

from __future__ import annotations

import json

from tests.e2e.events import somebody
from tests.e2e.stack import Stack


async def test_its_links_are_opens_and_clicks_of_the_recipient(stack: Stack) -> None:
    address = f"{somebody()}@example.com"
    options = ("--source", "email", "--customer", address, "--email-id", "welcome")
    target = "https://shop.example/sale"
    links = json.loads(
        await stack.milepost("email-link", *options, "--url", target, "--json", "--expires", "30d")
    )

    opened = await stack.http.get(links["open"])
    clicked = await stack.http.get(links["click"], follow_redirects=False)

    assert opened.headers["content-type"] == "image/gif"
    assert (clicked.status_code, clicked.headers["location"]) == (302, target)
    await stack.settled()
    found = await stack.in_stage(f"email:{address}", "consideration")
    touched = await stack.timeline(f"email:{address}")
    assert [one["event"] for one in touched] == ["Email Opened", "Email Link Clicked"]
    assert touched[1]["properties"] == {"email_id": "welcome", "link_url": target}

    by_id = ("--source", "email", "--customer", found["customer_id"], "--url", target, "--json")
    links = json.loads(await stack.milepost("email-link", *by_id))
    await stack.http.get(links["click"], follow_redirects=False)
    await stack.settled()
    assert len(await stack.timeline(f"email:{address}")) == 3
