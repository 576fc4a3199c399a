"""A Message Batches API server on loopback, for demos, tests and trying other clients."""
