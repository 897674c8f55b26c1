"""The real SDKs of others in a page, of which only the host is another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.browser.collecting import KEY
from tests.browser.packages import (
    POSTHOG_PACKAGE,
    RUDDER_PACKAGE,
    SEGMENT_PACKAGE,
    SNOWPLOW_PACKAGE,
)

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Page

    from tests.browser.website import Website

SDK_PATH = "/sdk.js"

# As its maker gives it out, with the host in the place of two addresses, and without its comments.
SEGMENT_SNIPPET = """<script>
!function(){var i="analytics",analytics=window[i]=window[i]||[];if(!analytics.initialize)
if(analytics.invoked)window.console&&console.error&&console.error("included twice");
else{analytics.invoked=!0;analytics.methods=["trackSubmit","trackClick","trackLink","trackForm",
"pageview","identify","reset","group","track","ready","alias","debug","page","screen","once","off",
"on","addSourceMiddleware","addIntegrationMiddleware","setAnonymousId","addDestinationMiddleware",
"register"];analytics.factory=function(e){return function(){if(window[i].initialized)
return window[i][e].apply(window[i],arguments);var n=Array.prototype.slice.call(arguments);
if(["track","screen","alias","group","page","identify"].indexOf(e)>-1){
var c=document.querySelector("link[rel='canonical']");n.push({__t:"bpc",
c:c&&c.getAttribute("href")||void 0,p:location.pathname,u:location.href,s:location.search,
t:document.title,r:document.referrer})}n.unshift(e);analytics.push(n);return analytics}};
for(var n=0;n<analytics.methods.length;n++){var key=analytics.methods[n];
analytics[key]=analytics.factory(key)}analytics.load=function(key,n){
var t=document.createElement("script");t.type="text/javascript";t.async=!0;
t.setAttribute("data-global-segment-analytics-key",i);
t.src="HOST/analytics.js/v1/"+key+"/analytics.min.js";
var r=document.getElementsByTagName("script")[0];r.parentNode.insertBefore(t,r);
analytics._loadOptions=n};analytics._writeKey="KEY";analytics._cdn="HOST";
analytics.SNIPPET_VERSION="5.2.0";analytics.load("KEY", OPTIONS);analytics.page();}}();
</script>"""
RUDDER_SNIPPET = f"""<script src="{SDK_PATH}"></script><script>
window.sdk = new rudderanalytics.RudderAnalytics();
window.sdk.load("KEY", "HOST", {{configUrl: "HOST", ...OPTIONS}}); window.sdk.page();
</script>"""
SEGMENT_NPM_SNIPPET = f"""<script src="{SDK_PATH}"></script><script>
window.sdk = AnalyticsNext.AnalyticsBrowser.load({{writeKey: "KEY", cdnURL: "HOST"}}, OPTIONS);
window.sdk.page(); window.sdk.ready(() => {{ window.isReady = true; }});
</script>"""
SNOWPLOW_SNIPPET = f"""<script src="{SDK_PATH}"></script><script>
window.sdk = snowplowBrowserTracking;
window.tracker = sdk.newTracker("sp", "HOST", {{appId: "KEY", ...OPTIONS}}); sdk.trackPageView();
</script>"""
POSTHOG_SNIPPET = f"""<script type="module">
import posthog from "{SDK_PATH}";
window.sdk = posthog;
posthog.init("KEY", {{api_host: "HOST/posthog", opt_out_useragent_filter: true,
  loaded: () => {{ window.isReady = true; }}, ...OPTIONS}});
</script>"""
MILEPOST_SNIPPET = '<script async src="HOST/milepost.js" data-key="KEY"></script>'


@dataclass(frozen=True)
class Sdk:
    """How a page loads it, and how a test speaks to it."""

    name: str
    snippet: str
    page_object: str
    anonymous_id: str
    is_loaded: str
    retry_header: str  # that tells the server of a retry, and needs a preflight
    options_to_hold: str = "{}"  # with which it sends only when the page closes
    retries_by_itself: bool = True  # or else with its next event
    script: Callable[[], bytes] | None = None
    track: str = "{object}.track('Product Viewed', {n: NUMBER})"

    def head(self, host: str, options: str = "{}") -> str:
        """What a website has in its head."""
        return self.snippet.replace("HOST", host).replace("KEY", KEY).replace("OPTIONS", options)

    def tracked(self, count: int) -> str:
        """A program that sends that many events, each with its number."""
        track = self.track.replace("{object}", self.page_object).replace("NUMBER", "n")
        return f"for (let n = 0; n < {count}; n++) {track}"


SEGMENT = Sdk(
    name="segment",
    snippet=SEGMENT_SNIPPET,
    page_object="analytics",
    anonymous_id="analytics.user().anonymousId()",
    is_loaded="window.analytics && analytics.initialized",
    retry_header="x-retry-count",
    options_to_hold='{integrations: {"Segment.io": {deliveryStrategy: {strategy: "batching",'
    " config: {size: 50, timeout: 60000}}}}}",
)
SEGMENT_NPM = Sdk(
    name="segment-npm",
    snippet=SEGMENT_NPM_SNIPPET,
    page_object="sdk",
    anonymous_id="sdk.instance.user().anonymousId()",
    is_loaded="window.isReady",
    retry_header="x-retry-count",
    options_to_hold=SEGMENT.options_to_hold,
    script=SEGMENT_PACKAGE.script,
)
RUDDERSTACK = Sdk(
    name="rudderstack",
    snippet=RUDDER_SNIPPET,
    page_object="sdk",
    anonymous_id="sdk.getAnonymousId()",
    is_loaded="window.rudderanalytics && sdk.getAnonymousId()",
    retry_header="rsa-retry-attempt",
    options_to_hold="{useBeacon: true, beaconQueueOptions: {flushQueueInterval: 60000}}",
    script=RUDDER_PACKAGE.script,
)
MILEPOST = Sdk(
    name="milepost",
    snippet=MILEPOST_SNIPPET,
    page_object="milepost",
    anonymous_id="milepost.user().anonymousId",
    is_loaded="window.milepost && milepost.version",
    retry_header="",
)
SNOWPLOW = Sdk(
    name="snowplow",
    snippet=SNOWPLOW_SNIPPET,
    page_object="sdk",
    anonymous_id="tracker.getDomainUserId()",
    is_loaded="window.tracker",
    retry_header="",
    retries_by_itself=False,
    script=SNOWPLOW_PACKAGE.script,
    track="{object}.trackStructEvent({category: 'shop', action: 'Product Viewed', value: NUMBER})",
)
POSTHOG = Sdk(
    name="posthog",
    snippet=POSTHOG_SNIPPET,
    page_object="sdk",
    anonymous_id="sdk.get_distinct_id()",
    is_loaded="window.isReady",
    retry_header="",
    options_to_hold="{request_queue_config: {flush_interval_ms: 5000}, capture_pageleave: false}",
    script=POSTHOG_PACKAGE.script,
    track="{object}.capture('Product Viewed', {n: NUMBER})",
)


async def opened(
    context: BrowserContext, site: Website, sdk: Sdk, host: str, options: str = "{}"
) -> Page:
    """A page of the site with the SDK, which has loaded what it needs."""
    site.head = sdk.head(host, options)
    if sdk.script is not None:
        site.files[SDK_PATH] = sdk.script()
    page = await context.new_page()
    await page.goto(f"{site.url}/shoes?utm_source=mail&utm_campaign=spring")
    await page.wait_for_function(sdk.is_loaded)
    return page


def errors_of(context: BrowserContext) -> list[str]:
    """What its pages write into the console as errors from now on."""
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    context.on(
        "console", lambda message: errors.append(message.text) if message.type == "error" else None
    )
    return errors
