"""The child process behind `embedded`; people start `batchtui sandbox` instead.

Its one argument is the file descriptor of a listening socket. The options come as one line of JSON on stdin,
so that the key is in no list of processes; the end of stdin means that the parent is gone.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading

from batchtui.sandbox.options import SandboxOptions
from batchtui.sandbox.server import serve


def _end_with_stdin() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(0)  # at once, whatever is being served: there is nothing to save


def main() -> None:
    """Serve until stdin ends."""
    fields = json.loads(sys.stdin.buffer.readline())
    lists = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
    options = SandboxOptions(**{**fields, **lists})
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    serve(options, socket.socket(fileno=int(sys.argv[1])))


if __name__ == "__main__":
    main()
