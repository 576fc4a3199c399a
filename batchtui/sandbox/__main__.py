"""Child process of `embedded`. Users run `batchtui sandbox` instead.

The only argument is the file descriptor of a listening socket. Options are read from stdin as one line of
JSON, so that the key is not visible in the process list. The process exits when its parent closes stdin.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading

from batchtui.sandbox.options import SandboxOptions
from batchtui.sandbox.server import serve


def _exit_with_stdin() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(0)  # without cleanup: there is nothing to save


def main() -> None:
    """Serve until stdin ends."""
    fields = json.loads(sys.stdin.buffer.readline())
    lists = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
    options = SandboxOptions(**{**fields, **lists})
    threading.Thread(target=_exit_with_stdin, daemon=True).start()
    serve(options, socket.socket(fileno=int(sys.argv[1])))


if __name__ == "__main__":
    main()
