"""The embedded stack: Kafka and PostgreSQL as child processes, and the roles beside them."""
