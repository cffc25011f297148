"""The command `importer`, also as `python -m importer`."""

from typing import NoReturn

from importer.cli.holding import hold_signals


def main() -> NoReturn:
    """Run the command line; a signal that comes before it is there waits for it."""
    hold_signals()
    from importer.cli.front import main as command

    command()


if __name__ == "__main__":
    main()
