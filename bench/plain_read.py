"""Polars reading a sheet as text, and nothing else: `python -m bench.plain_read SHEET` prints the number of rows."""

from __future__ import annotations

import sys

import polars as pl

if __name__ == "__main__":
    print(pl.read_csv(sys.argv[1], infer_schema=False).height)
