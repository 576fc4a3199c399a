"""The terminal side of the app: the first frame, keys, the painter, and all private names of Textual."""
