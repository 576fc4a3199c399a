"""What runs behind the screens: the network thread, polling, submitting, search and lookups."""
