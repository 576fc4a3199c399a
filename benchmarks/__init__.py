"""What batchtui costs, each figure beside a named peer in the same run."""
