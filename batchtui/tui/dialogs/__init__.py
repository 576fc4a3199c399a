"""The dialogs of the terminal app: each closes with an answer, and knows nothing of who asks."""
