"""The floor: polars reading a CSV as texts, calamine reading a workbook, and nothing else.

`python -m bench.plain_read SHEET` prints the number of rows.
"""

from __future__ import annotations

import sys


def rows_in(sheet: str) -> int:
    """Read a sheet whole, with the libraries that the importer reads it with."""
    if sheet.endswith(".xlsx"):
        import fastexcel  # whoever reads a CSV has no use for it

        return fastexcel.read_excel(sheet).load_sheet(0).height
    import polars as pl  # nor for this, who reads a workbook

    return pl.read_csv(sheet, infer_schema=False).height


if __name__ == "__main__":
    print(rows_in(sys.argv[1]))
