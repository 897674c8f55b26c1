"""`milepost doctor`: what a wrong set-up breaks, found and told with its fix."""
