"""What this disk knows of a workspace: batches and their count history (SQLite)."""
