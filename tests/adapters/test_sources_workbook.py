"""Workbooks: every cell as what it was, and every row where a person sees it."""

from __future__ import annotations

import datetime as dt
import tempfile
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from importer.model import KIND_PREFIX, ROW, Kind, SourceOptions
from importer.sources import Source, open_source
from importer.sources.header import column_names

if TYPE_CHECKING:
    from collections.abc import Sequence


class Formula(str):
    """A text that is to be a formula; openpyxl calculates none."""

    __slots__ = ()


class Error(str):
    """A text that is to be an error."""

    __slots__ = ()


def workbook(path: Path, rows: Sequence[Sequence[Any]], *, at: tuple[int, int] = (1, 1), sheet: str = "Sheet") -> Path:
    """Write rows from the cell `at` (row, column) on; texts stay texts."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = sheet
    for down, row in enumerate(rows):
        for right, value in enumerate(row):
            if value is not None:
                cell = page.cell(at[0] + down, at[1] + right)
                cell.value = value
                if isinstance(value, Error):
                    cell.data_type = "e"
                elif isinstance(value, str) and not isinstance(value, Formula):
                    cell.data_type = "s"
    book.save(path)
    return path


def cells(source: Source) -> list[tuple[int, list[tuple[str | None, int | None]]]]:
    """Give every row: its number, and text and kind of each cell."""
    return [
        (row[ROW], [(row[column], row.get(KIND_PREFIX + column)) for column in source.columns])
        for batch in source.batches()
        for row in batch.iter_rows(named=True)
    ]


def column(folder: Path, values: Sequence[Any]) -> list[tuple[str | None, int | None]]:
    """Read what one column of these values gives, in rows that are not blank."""
    path = workbook(folder / "book.xlsx", [["x", "y"], *([value, "-"] for value in values)])
    with open_source(path, SourceOptions()) as source:
        return [row[1][0] for row in cells(source)]


def test_cells_are_what_they_were(tmp_path: Path) -> None:
    """Numbers, dates, booleans, errors and texts that look like them, mixed in one column."""
    day = dt.datetime(2024, 5, 31, 14, 30, 15)  # noqa: DTZ001 - a cell has no zone
    expected: dict[Any, tuple[str | None, int | None]] = {
        "00123": ("00123", Kind.TEXT),
        "123": ("123", Kind.TEXT),
        123: ("123", Kind.NUMBER),
        "1.5": ("1.5", Kind.TEXT),
        1.5: ("1.5", Kind.NUMBER),
        100.0: ("100", Kind.NUMBER),
        1234567890123456: ("1234567890123456", Kind.NUMBER),
        1 / 3: ("0.3333333333333333", Kind.NUMBER),
        1e-7: ("0.0000001", Kind.NUMBER),
        1e21: ("1000000000000000000000", Kind.NUMBER),
        -19.99: ("-19.99", Kind.NUMBER),
        "true": ("true", Kind.TEXT),
        "2024-05-31": ("2024-05-31", Kind.TEXT),
        dt.date(2024, 5, 31): ("2024-05-31", Kind.DATE),
        day: ("2024-05-31T14:30:15", Kind.DATE),
        day.replace(microsecond=123_000): ("2024-05-31T14:30:15.123", Kind.DATE),
        dt.date(1903, 2, 1): ("1903-02-01", Kind.DATE),
        dt.time(14, 30): ("14:30:00", Kind.TEXT),
        dt.timedelta(minutes=5): ("00:05:00", Kind.TEXT),
        dt.timedelta(hours=30, minutes=5): ("30:05:00", Kind.TEXT),
        Error("#REF!"): ("#REF!", Kind.ERROR),
        "#N/A really": ("#N/A really", Kind.TEXT),
        "=1+1": ("=1+1", Kind.TEXT),
        Formula("=A1&A2"): ("=A1&A2", Kind.ERROR),
        " x\ny ": (" x\ny ", Kind.TEXT),
        "": (None, None),
        " \u00a0": (None, None),
    }
    assert column(tmp_path, [*expected, True, False]) == [
        *expected.values(),
        ("TRUE", Kind.BOOLEAN),
        ("FALSE", Kind.BOOLEAN),
    ]


SHOWN_AS_DATES: list[str | float] = ["x", 4006381333931, -5, 45443, 45443.5]


def test_numbers_shown_as_dates_beyond_the_calendar_are_errors(tmp_path: Path) -> None:
    """A spreadsheet shows #### there; the cell is not empty, and it is no date."""
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for row, value in enumerate(SHOWN_AS_DATES, start=1):
        page.cell(row, 1).value = value
        page.cell(row, 1).number_format = "yyyy-mm-dd" if row < 6 else "0"
    page.cell(6, 1).value = 4006381333931
    book.save(path)
    with open_source(path, SourceOptions()) as source:
        assert [texts[0] for _, texts in cells(source)] == [
            ("####", Kind.ERROR),
            ("####", Kind.ERROR),
            ("2024-05-31", Kind.DATE),
            ("2024-05-31T12:00:00", Kind.DATE),
            ("4006381333931", Kind.NUMBER),
        ]


def test_numbers_read_as_the_spreadsheet_shows_them(tmp_path: Path) -> None:
    """Excel keeps 17 digits of what it calculates, and shows 15: the rest is noise, in a text or a key too."""
    plain, noisy = workbook(tmp_path / "a.xlsx", [["x"], [19.99], [0.3]]), tmp_path / "b.xlsx"
    with zipfile.ZipFile(plain) as book, zipfile.ZipFile(noisy, "w") as made:
        for part in book.namelist():
            content = book.read(part).replace(b"<v>19.99<", b"<v>19.990000000000002<")
            made.writestr(part, content.replace(b"<v>0.3<", b"<v>0.30000000000000004<"))
    with open_source(noisy, SourceOptions()) as source:
        assert [texts[0] for _, texts in cells(source)] == [("19.99", Kind.NUMBER), ("0.3", Kind.NUMBER)]


def test_the_calendar_of_1904_is_read_as_such(tmp_path: Path) -> None:
    """Old Macintosh workbooks count their days from another one."""
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    page = book.active
    assert page is not None
    page.append(["x", "y"])
    page.append([dt.date(2024, 5, 31), dt.time(8, 15)])
    book.save(tmp_path / "a.xlsx")
    with open_source(tmp_path / "a.xlsx", SourceOptions()) as source:
        assert cells(source) == [(2, [("2024-05-31", Kind.DATE), ("08:15:00", None)])]


def test_kinds_stand_where_any_cell_is_not_text(tmp_path: Path) -> None:
    """The same columns in every batch, whatever its own cells are."""
    rows: list[list[Any]] = [["text", "mixed"], *(["x" * 50, "a"] for _ in range(200)), ["x", 1]]
    with open_source(workbook(tmp_path / "a.xlsx", rows), SourceOptions(), block_bytes=2000) as source:
        batches = list(source.batches())
        assert len(batches) > 3
        assert {tuple(batch.columns) for batch in batches} == {tuple(batches[0].columns)}
        assert [name for name in batches[0].columns if name.startswith(KIND_PREFIX)] == [KIND_PREFIX + "mixed"]


MIDNIGHT = dt.datetime(1950, 1, 1)  # noqa: DTZ001 - a cell has no zone

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**15), 10**15),
    st.builds(lambda digits, power: float(f"{digits}e{power}"), st.integers(-(10**14), 10**14), st.integers(-20, 20)),
    st.dates(dt.date(1950, 1, 1), dt.date(2100, 1, 1)),
    st.datetimes(MIDNIGHT, MIDNIGHT.replace(year=2100)).map(lambda each: each.replace(microsecond=0)),
    st.times().map(lambda each: each.replace(microsecond=0)),
    st.timedeltas(dt.timedelta(), dt.timedelta(days=3000)).map(
        lambda each: dt.timedelta(seconds=each.seconds, days=each.days)
    ),
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="_"), min_size=1, max_size=8
    ),
    st.sampled_from(["1", "1.0", "TRUE", "2024-05-31", "007", "a\nb", "é", "=x"]),
)


headers = st.one_of(
    st.sampled_from(["Name", "name", " Price ", "Name (2)", "a\nb", "_row", "TRUE", "1"]),
    st.text(st.characters(codec="utf-8", categories=["L", "N", "P"], exclude_characters="_"), min_size=1, max_size=8),
)


def expected_cell(value: Any) -> tuple[str | None, int | None]:  # noqa: PLR0911 - one for each type
    """Say what a cell that openpyxl wrote must read as."""
    if isinstance(value, bool):
        return str(value).upper(), Kind.BOOLEAN
    if isinstance(value, dt.datetime):
        return (f"{value:%Y-%m-%d}" if value.time() == dt.time() else value.isoformat()), Kind.DATE
    if isinstance(value, dt.date):
        return value.isoformat(), Kind.DATE
    if isinstance(value, dt.time):
        return f"{value:%H:%M:%S}", Kind.TEXT
    if isinstance(value, dt.timedelta):
        minutes, seconds = divmod(int(value.total_seconds()), 60)
        return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}", Kind.TEXT
    if isinstance(value, int):
        return str(value), Kind.NUMBER
    if isinstance(value, float):
        text = format(Decimal(repr(value)), "f")
        whole = text.removesuffix(".0")
        return ("0" if whole == "-0" else whole), Kind.NUMBER
    return (value, Kind.TEXT) if value and value.strip() else (None, None)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(scalars, scalars, scalars), max_size=8),
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    st.integers(1, 3000),
    st.tuples(headers, headers, headers),
)
def test_what_openpyxl_wrote_is_what_is_read(
    rows: list[tuple[Any, ...]], at: tuple[int, int], block_bytes: int, header: tuple[str, ...]
) -> None:
    """Text, kind and row number of every cell, wherever the table begins, blank rows left out."""
    with tempfile.TemporaryDirectory() as folder:
        path = workbook(Path(folder) / "book.xlsx", [header, *rows], at=at)
        with open_source(path, SourceOptions(), block_bytes=block_bytes) as source:
            assert source.columns == column_names(header)
            read = cells(source)
    expected = [(number, [expected_cell(value) for value in row]) for number, row in enumerate(rows, start=at[0] + 1)]
    filled = [(number, row) for number, row in expected if any(text is not None for text, _ in row)]
    assert [number for number, _ in read] == [number for number, _ in filled]
    for (_, got), (_, wanted) in zip(read, filled, strict=True):
        for (text, kind), (wanted_text, wanted_kind) in zip(got, wanted, strict=True):
            assert text == wanted_text
            assert kind == wanted_kind or (kind is None and wanted_kind == Kind.TEXT)


def test_rows_are_numbered_as_the_sheet_shows_them(tmp_path: Path) -> None:
    """Blank rows above, between and beside the table, and empty columns before it, shift nothing."""
    path = workbook(tmp_path / "a.xlsx", [["n", "m"], [1, None], [None, None], [2, "x"]], at=(4, 3))
    with open_source(path, SourceOptions()) as source:
        assert source.columns == ("n", "m")
        assert [(row, texts[0][0]) for row, texts in cells(source)] == [(5, "1"), (7, "2")]
        assert source.detected == "a.xlsx: sheet 'Sheet', header in row 4"


def test_columns_without_a_header_go_by_the_letter_of_the_sheet(tmp_path: Path) -> None:
    """If anything stands in them; columns that are empty all through are none."""
    path = workbook(tmp_path / "a.xlsx", [["n", None, None, "m"], [1, None, 5, 2]], at=(1, 2))
    with open_source(path, SourceOptions()) as source:
        assert source.columns == ("n", "D", "m")
    with open_source(path, SourceOptions(header_row=0)) as source:
        assert source.columns == ("B", "D", "E")
        assert [row for row, _ in cells(source)] == [1, 2]


def test_titles_above_the_header_are_passed_over(tmp_path: Path) -> None:
    """As in CSV files; `header_row` wins."""
    path = workbook(tmp_path / "a.xlsx", [["All products"], [], ["a", "b", "c"], [1, 2, 3], [4, 5, 6]])
    with open_source(path, SourceOptions()) as source:
        assert (source.columns, [row for row, _ in cells(source)]) == (("a", "b", "c"), [4, 5])
    with open_source(path, SourceOptions(header_row=4)) as source:
        assert (source.columns, [row for row, _ in cells(source)]) == (("1", "2", "3"), [5])


def test_the_sheet_is_chosen_by_name_number_or_being_the_first_shown(tmp_path: Path) -> None:
    """Numbers count from 1; a name is compared without case where none is the same."""
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.title = "Notes"
    first.sheet_state = "hidden"
    first.append(["hidden"])
    for name in ("Articles", "Prices"):
        book.create_sheet(name).append([f"of {name}"])
    book.save(tmp_path / "a.xlsx")
    chosen = {None: "Articles", "Prices": "Prices", " prices ": "Prices", 1: "Notes", 3: "Prices"}
    for sheet, found in chosen.items():
        with open_source(tmp_path / "a.xlsx", SourceOptions(sheet=sheet)) as source:
            assert source.sheet == found
            assert list(source.batches()) == []


def test_an_error_in_the_last_row_alone_is_a_row(tmp_path: Path) -> None:
    """The reader leaves such cells out; they must not vanish with their row."""
    path = workbook(tmp_path / "a.xlsx", [["a", "b"], ["x", None], [None, None], [None, Formula("=NOW()")]])
    with open_source(path, SourceOptions()) as source:
        assert cells(source)[-1] == (4, [(None, None), ("=NOW()", Kind.ERROR)])


def test_null_values_take_the_kind_with_them(tmp_path: Path) -> None:
    """Whoever calls `#N/A` empty is not told about an error there."""
    path = workbook(tmp_path / "a.xlsx", [["a", "b"], ["x", Error("#N/A")], ["y", Error("#REF!")]])
    with open_source(path, SourceOptions(null_values=("#N/A",))) as source:
        assert [texts[1] for _, texts in cells(source)] == [(None, None), ("#REF!", Kind.ERROR)]


def test_prefixed_names_and_cells_without_references_are_understood(tmp_path: Path) -> None:
    """Other programs write the same sheet in other words; errors are found there too."""
    sheet = (
        '<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData>'
        "<x:row><x:c t='str'><x:v>a</x:v></x:c><x:c t='str'><x:v>b</x:v></x:c></x:row>"
        "<x:row><x:c t='str'><x:v>1</x:v></x:c><x:c t='e'><x:v>#DIV/0!</x:v></x:c></x:row>"
        "</x:sheetData></x:worksheet>"
    )
    path = workbook(tmp_path / "a.xlsx", [["a"]])
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as new:
        for name in old.namelist():
            new.writestr(name, sheet if name == "xl/worksheets/sheet1.xml" else old.read(name))
    with open_source(tmp_path / "b.xlsx", SourceOptions()) as source:
        assert cells(source) == [(2, [("1", None), ("#DIV/0!", Kind.ERROR)])]


def test_opendocument_cells_have_kinds_too(tmp_path: Path) -> None:
    """Its dates are texts in the file, and dates all the same."""
    typed = {
        "a": ("string", "", "007"),
        "b": ("float", 'office:value="1.5"', "1,50"),
        "c": ("date", 'office:date-value="2024-05-31"', "31.05.24"),
        "d": ("date", 'office:date-value="2024-05-31T14:30:00"', "31.05.24"),
        "e": ("time", 'office:time-value="PT14H30M00S"', "14:30"),
        "f": ("boolean", 'office:boolean-value="true"', "WAHR"),
    }
    cell = '<table:table-cell office:value-type="{}" {}><text:p>{}</text:p></table:table-cell>'
    head = "".join(cell.format("string", "", name) for name in typed)
    body = "".join(cell.format(*each) for each in typed.values())
    names = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    with zipfile.ZipFile(tmp_path / "a.ods", "w") as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        file.writestr(
            "META-INF/manifest.xml",
            '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
        file.writestr(
            "content.xml",
            f'<office:document-content{names}><office:body><office:spreadsheet><table:table table:name="T">'
            f"<table:table-row>{head}</table:table-row><table:table-row>{body}</table:table-row>"
            "</table:table></office:spreadsheet></office:body></office:document-content>",
        )
    with open_source(tmp_path / "a.ods", SourceOptions()) as source:
        assert (source.detected, source.notes) == ("a.ods: sheet 'T', header in row 1", ())
        assert cells(source)[0][1] == [
            ("007", None),
            ("1.5", Kind.NUMBER),
            ("2024-05-31", Kind.DATE),
            ("2024-05-31T14:30:00", Kind.DATE),
            ("14:30:00", None),
            ("TRUE", Kind.BOOLEAN),
        ]
