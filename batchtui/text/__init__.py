"""Safe text for terminals; ages, counts and sizes as people write them. A leaf."""
