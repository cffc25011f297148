"""The command line: parses, wires, prints, exits. Everything else is imported only once a command is known."""

from importer.cli.front import main

__all__ = ["main"]
