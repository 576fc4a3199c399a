"""The widgets of the terminal app; each has a module of its own, and others import it from there.

The basic ones know nothing of batches: plain data in, messages out. They are drawn line by line (`line_view`)
from cells of text in a tone (`cells`), where foreign text is cleaned once, and send only lines that differ.
"""
