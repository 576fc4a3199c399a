"""How bytes reach the terminal: the first frame, the driver, and the painter that sends only what changed."""
