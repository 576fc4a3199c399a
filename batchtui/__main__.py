"""The composition root: hands the screens to the command line, so that neither imports the other."""
