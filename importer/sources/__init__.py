"""Sheets: CSV, TSV, workbooks, JSON lines, Parquet, standard input and polars frames, all read as batches of text."""

from importer.sources.header import letters
from importer.sources.kinds import is_address
from importer.sources.opening import open_fetched, open_source
from importer.sources.source import Source

__all__ = ["Source", "is_address", "letters", "open_fetched", "open_source"]
