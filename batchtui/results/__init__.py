"""One batch's results as a local file: fetch, index, read, query, search, export."""
