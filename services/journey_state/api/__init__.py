"""The query API: questions over HTTP, answered from PostgreSQL."""
