"""`milepost bench`: what an event costs, as ratios measured side by side on real servers."""
