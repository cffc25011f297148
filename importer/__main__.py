"""The command `importer`, also as `python -m importer`."""

from importer.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
