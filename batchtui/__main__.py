"""Where the two faces meet: hands the screens to the command line, so that neither imports the other."""

from __future__ import annotations

import codecs
import gc
import os
import sys
from typing import TYPE_CHECKING

from batchtui.process import USAGE, prepare_process

if TYPE_CHECKING:
    from batchtui.cli.context import Session


NO_TERMINAL = "The screens need a terminal that can move its cursor; use a command instead: `batchtui list`."
NO_UTF8 = (
    "The screens need a UTF-8 locale. Run `LC_ALL=C.UTF-8 batchtui`, or a command such as `batchtui list`."
)


def open_screens(session: Session) -> int:
    """Opens the app and answers the exit code once it is closed."""
    from batchtui.cli.errors import Failed

    if os.environ.get("TERM") == "dumb":
        raise Failed(NO_TERMINAL, USAGE)
    with session.place() as place:
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise Failed(NO_TERMINAL, USAGE)
        if codecs.lookup(sys.stdout.encoding).name != "utf-8":
            raise Failed(NO_UTF8, USAGE)
        from batchtui.config import load_settings, profile_names
        from batchtui.tui import show_first_frame

        path = session.config_path
        settings = load_settings(path)
        profiles = [] if place.is_demo else profile_names(path)
        with show_first_frame(place.profile, place.cache_root, settings.theme) as early:
            from batchtui.tui import run  # imports textual, half of a start

            return run(
                place.profile,
                place.cache_root,
                place.data_root,
                settings,
                is_demo=place.is_demo,
                mouse=session.mouse and settings.mouse,
                profile_names=profiles,
                load=session.load_profile,
                early=early,
            )


def main() -> None:
    """The console script."""
    prepare_process()
    from batchtui.cli import main as run_command_line  # only now: imports take long enough for a ctrl+c

    # Results make millions of short-lived objects and hardly a cycle: looking for cycles less often saves a
    # tenth of the time of a fetch, and spares the screens pauses.
    gc.set_threshold(50_000, 20, 50)
    sys.exit(run_command_line(open_screens))


if __name__ == "__main__":
    main()
