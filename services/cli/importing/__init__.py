"""`milepost import`: files of events through ingest, in parts that can be taken up again."""
