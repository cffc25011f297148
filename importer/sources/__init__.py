"""Sheets: CSV, TSV, workbooks, standard input and polars frames, all read as batches of text with row numbers."""

from importer.sources.header import letters
from importer.sources.opening import open_source
from importer.sources.source import Source

__all__ = ["Source", "letters", "open_source"]
