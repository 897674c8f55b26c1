"""One file per dialect that senders speak; each turns a body into events of one shape."""
