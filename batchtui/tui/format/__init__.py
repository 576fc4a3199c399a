"""Batches, results and requests as the cells and text that the screens show."""
