"""What Snowplow's and PostHog's trackers send from a real browser becomes Segment's calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.sdks import POSTHOG, SNOWPLOW, errors_of, opened

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext

    from tests.browser.collecting import Collecting
    from tests.browser.website import Website

COMMERCE = "iglu:com.snowplowanalytics.snowplow.ecommerce"
ADD_TO_CART = f"""sdk.trackSelfDescribingEvent({{
  event: {{schema: '{COMMERCE}/snowplow_ecommerce_action/jsonschema/1-0-2',
    data: {{type: 'add_to_cart'}}}},
  context: [{{schema: '{COMMERCE}/product/jsonschema/1-0-0',
    data: {{id: 'p1', price: 12.5, currency: 'EUR', quantity: 2}}}}]}})"""


async def test_snowplow_sends_page_views_and_shop_events(
    context: BrowserContext, collecting: Collecting, site: Website
) -> None:
    errors = errors_of(context)
    page = await opened(context, site, SNOWPLOW, collecting.url)
    visitor = await page.evaluate(SNOWPLOW.anonymous_id)
    await page.evaluate(
        "sdk.setUserId('u1');"
        "sdk.trackStructEvent({category: 'shop', action: 'Size Chosen', value: 41});" + ADD_TO_CART
    )
    seen = await collecting.distinct(visitor, 3)

    assert {one["event"] for one in seen} == {"page", "Size Chosen", "Product Added"}
    by_event = {one["event"]: one for one in seen}
    assert by_event["page"]["properties"]["url"].startswith(f"{site.url}/shoes?")
    assert by_event["page"]["context"]["campaign"] == {"source": "mail", "name": "spring"}
    assert by_event["Size Chosen"]["properties"]["value"] == 41
    added = by_event["Product Added"]
    assert (added["properties"]["product_id"], added["properties"]["quantity"]) == ("p1", 2)
    assert added["identifiers"] == {"user_id": "u1", "anonymous_id": visitor}
    assert {(one["channel"], one["clock"], one["bot"]) for one in seen} == {
        ("website", "ok", False)
    }
    assert errors == []


async def test_posthog_sends_page_views_and_who_somebody_is(
    context: BrowserContext, collecting: Collecting, site: Website
) -> None:
    errors = errors_of(context)
    page = await opened(context, site, POSTHOG, collecting.url)
    visitor = await page.evaluate(POSTHOG.anonymous_id)
    await page.evaluate(
        """() => {
          sdk.capture('Product Viewed', {product_id: 'p1'});
          sdk.identify('u1', {email: 'Ann@Example.org'});
          sdk.group('company', 'g1', {name: 'Team'});
          sdk.capture('Order Completed', {order_id: 'o1', total: 9.5});
        }"""
    )
    seen = await collecting.distinct(visitor, 5)

    by_event = {one["event"]: one for one in seen}
    assert set(by_event) == {"page", "Product Viewed", "identify", "group", "Order Completed"}
    assert by_event["page"]["properties"]["url"].startswith(f"{site.url}/shoes?")
    assert by_event["page"]["context"]["campaign"] == {"source": "mail", "name": "spring"}
    assert by_event["Product Viewed"]["identifiers"] == {"anonymous_id": visitor}
    assert by_event["identify"]["identifiers"] == {
        "user_id": "u1",
        "anonymous_id": visitor,
        "email": "ann@example.org",
    }
    assert by_event["group"]["group_id"] == "g1"
    assert by_event["Order Completed"]["properties"]["order_id"] == "o1"
    assert {(one["channel"], one["clock"], one["bot"]) for one in seen} == {
        ("website", "ok", False)
    }
    assert errors == []
