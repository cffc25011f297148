"""The command `importer`, also as `python -m importer`."""

import gc
from typing import NoReturn

from importer.cli.holding import hold_signals


def main() -> NoReturn:
    """Run the command line; a signal that comes before it is there waits for it."""
    hold_signals()
    from importer.cli.front import main as command

    try:
        command()
    finally:
        gc.freeze()  # Python would look through everything once more before it ends: 0.2 s for what ends anyway


if __name__ == "__main__":
    main()
