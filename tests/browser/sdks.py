"""The real SDKs of others in a page, of which only the host is another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.browser.collecting import KEY
from tests.browser.packages import RUDDER, SEGMENT_PACKAGE

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
    script: Callable[[], bytes] | None = None

    def head(self, host: str, options: str = "{}") -> str:
        """What a website has in its head."""
        return self.snippet.replace("HOST", host).replace("KEY", KEY).replace("OPTIONS", options)


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
    script=RUDDER.script,
)
MILEPOST = Sdk(
    name="milepost",
    snippet=MILEPOST_SNIPPET,
    page_object="milepost",
    anonymous_id="milepost.user().anonymousId",
    is_loaded="window.milepost && milepost.version",
    retry_header="",
)
