"""The command line's reference, `cli.md`, whose help texts come from the commands: `python -m docs`."""
