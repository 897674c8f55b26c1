"""`milepost export`: what is stored, as files for notebooks."""
