"""The Message Batches API over httpx: client, models, errors, retry. No disk, no screen."""
