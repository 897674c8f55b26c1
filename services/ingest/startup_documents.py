"""What SDKs want to read before they send: settings that lead all events here and nowhere else."""

from __future__ import annotations

from typing import Any

from services.ingest.public_host import PublicHost

Document = dict[str, Any]

# Nothing of it depends on time, and RudderStack's SDK wants a time.
_UPDATED_AT = "2026-01-01T00:00:00.000Z"


def segment_settings(key: str, host: PublicHost) -> Document:
    """For analytics.js and the mobile SDKs: one destination, which is this host.

    Without a `plan` the browser loads no filter for it; measures of the SDK itself are off.
    """
    return {
        "integrations": {
            "Segment.io": {
                "apiKey": key,
                "apiHost": f"{host.host}/v1",
                "protocol": host.scheme,
                "unbundledIntegrations": [],
                "addBundledMetadata": True,
                "maybeBundledConfigIds": {},
            }
        },
        "plan": {},
        "edgeFunction": {},
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "remotePlugins": [],
        "metrics": {"sampleRate": 0},
        "consentSettings": None,
        "legacyVideoPluginsEnabled": False,
        "analyticsNextEnabled": True,
    }


def rudder_config(key: str, source: str) -> Document:
    """For RudderStack's JavaScript SDK: a source without destinations of its own."""
    off = {"enabled": False}
    return {
        "source": {
            "id": source,
            "name": source,
            "writeKey": key,
            "enabled": True,
            "workspaceId": "milepost",
            "config": {"statsCollection": {"errors": off, "metrics": off}},
            "connections": [],
            "destinations": [],
            "dataplanes": {},
        },
        "updatedAt": _UPDATED_AT,
    }


def posthog_config(key: str) -> Document:
    """For posthog-js: events only, nothing to load from elsewhere.

    Of surveys nothing is said: told that there are none, it loads the script for them all the same.
    """
    return {
        "token": key,
        "supportedCompression": ["gzip", "gzip-js"],
        "analytics": {"endpoint": "/i/v0/e/"},
        "defaultIdentifiedOnly": True,
        "hasFeatureFlags": False,
        "autocapture_opt_out": False,
        "autocaptureExceptions": False,
        "capturePerformance": False,
        "captureDeadClicks": False,
        "elementsChainAsString": True,
        "heatmaps": False,
        "isAuthenticated": False,
        "sessionRecording": False,
        "siteApps": [],
        "toolbarParams": {},
    }


def posthog_flags() -> Document:
    """No feature flags, in the shapes of `/flags` and of the older `/decide`."""
    return {
        "flags": {},
        "featureFlags": {},
        "featureFlagPayloads": {},
        "errorsWhileComputingFlags": False,
        "supportedCompression": ["gzip", "gzip-js"],
        "sessionRecording": False,
        "siteApps": [],
        "toolbarParams": {},
        "isAuthenticated": False,
    }
