"""HTTP in, Kafka out: touchpoints are accepted here and answered once they are durable."""
