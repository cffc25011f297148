"""Odd cells: what stands in the file, and what it must read as."""

from __future__ import annotations

from typing import TYPE_CHECKING

import openpyxl
from openpyxl.comments import Comment

from tests.sheets.binder import date, error, number, package, page, reads, row, strings, styles, truth

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = (14, 22, 31, 'd. mmm "Uhr" yyyy', "[$-407]dddd, d. mmmm yyyy", "mmm yy")


@reads(
    "a.xlsx",
    "day|time|east|written|named|month",
    {
        2: [date("2024-05-31"), date("2024-05-31T14:30:00"), date("2024-05-31"), *[date("2024-05-31")] * 3],
        3: [date("1900-01-01"), date("1900-02-28T06:00:00"), date("1900-03-01"), None, None, None],
        4: [date("9999-12-31"), date("2024-05-31T14:30:15.123"), date("2000-02-29"), None, None, None],
    },
)
def dates_of_1900(path: Path) -> None:
    """Days since 1900, in formats that programs know by number and in written ones; 29 February 1900 never was."""
    first = [f's="{1 + at}"><v>{"45443.6041666667" if at == 1 else 45443}</v>' for at in range(6)]
    head = row(1, "day", "time", "east", "written", "named", "month")
    early = row(3, 's="1"><v>1</v>', 's="2"><v>59.25</v>', 's="3"><v>61</v>')
    late = row(4, 's="1"><v>2958465</v>', 's="2"><v>45443.604341701389</v>', 's="3" t="n"><v>36585</v>')
    package(path, page(head + row(2, *first) + early + late), styles=styles(*FORMATS))


@reads(
    "a.xlsx",
    "day|time|lasts",
    {
        2: [date("2024-05-31"), "06:00:00", "30:00:00"],
        3: [date("1904-01-02"), date("1904-01-03T12:00:00"), "-01:00:00"],
    },
)
def dates_of_1904(path: Path) -> None:
    """Old Macintosh workbooks count from another day, and can write durations below zero."""
    rows = row(1, "day", "time", "lasts")
    rows += row(2, 's="1"><v>43981</v>', 's="2"><v>0.25</v>', 's="3"><v>1.25</v>')
    rows += row(3, 's="1"><v>1</v>', 's="1"><v>2.5</v>', 's="3"><v>-0.0416666666666667</v>')
    package(path, page(rows), styles=styles(14, "h:mm", "[h]:mm:ss"), properties='<workbookPr date1904="1"/>')


@reads("a.xlsx", "iso|german|english|javascript", {2: ["2024-05-31", "31.05.2024", "05/31/2024", "Fri May 31 2024"]})
def dates_as_text(path: Path) -> None:
    """Dates that are texts stay texts: which day 05/06/2024 is, only the mapping can say."""
    head = row(1, "iso", "german", "english", "javascript")
    package(path, page(head + row(2, "2024-05-31", "31.05.2024", "05/31/2024", "Fri May 31 2024")))


@reads(
    "a.xlsx",
    "iso|midnight|time|other",
    {2: [date("2024-05-31T14:30:00"), date("2024-05-31"), "14:30:00", date("2024-05-31")]},
)
def dates_of_iso_cells(path: Path) -> None:
    """Strict workbooks may write dates as such, of the type `d`."""
    values = ("2024-05-31T14:30:00", "2024-05-31T00:00:00.000", "14:30:00", "2024-05-31")
    cells = [f't="d"><v>{value}</v>' for value in values]
    package(path, page(row(1, "iso", "midnight", "time", "other") + row(2, *cells)))


@reads(
    "a.xlsx",
    "time|lasts|minutes|long",
    {
        2: ["14:30:00", "30:05:00", "01:30:00", "48000:00:00"],
        3: ["23:59:59", "00:00:00", "00:00:01", date("1900-01-01T12:00:00")],
    },
)
def times_and_durations(path: Path) -> None:
    """A time of day has no date; a duration is told from a date by its format, however long it is."""
    rows = row(1, "time", "lasts", "minutes", "long")
    rows += row(2, 's="1"><v>0.604166666666667</v>', 's="2"><v>1.25347222222222</v>', 's="3"><v>0.0625</v>')[:-6]
    rows += '<c r="D2" s="2"><v>2000</v></c></row>'
    rows += row(3, 's="4"><v>0.999988425925926</v>', 's="2"><v>0</v>', 's="3"><v>1.1574074074074E-5</v>')[:-6]
    rows += '<c r="D3" s="1"><v>1.5</v></c></row>'
    package(path, page(rows), styles=styles("h:mm", "[h]:mm:ss", "[mm]:ss", "h:mm:ss AM/PM"))


@reads(
    "a.xlsx",
    "plain|phone|article|date code",
    {
        2: ["00123", "020-7946-0018", "No. 007", "2024-05"],
        3: ["1234567", "1020-7946-0018", "No. 1000", "1-23"],
        4: [number("12.5"), number("-5"), number("0.5"), None],
    },
)
def leading_zeros(path: Path) -> None:
    """Zeros that only a format shows are part of an identifier; amounts and what a format would round stay numbers."""
    rows = row(1, "plain", "phone", "article", "date code")
    rows += row(2, 's="1"><v>123</v>', 's="2"><v>2079460018</v>', 's="3"><v>7</v>', 's="4"><v>202405</v>')
    rows += row(3, 's="1"><v>1234567</v>', 's="2"><v>102079460018</v>', 's="3"><v>1000</v>', 's="4"><v>123</v>')
    rows += row(4, 's="1"><v>12.5</v>', 's="2"><v>-5</v>', 's="3"><v>0.5</v>')
    package(path, page(rows), styles=styles("00000", "000-0000-0000", '"No. "000', "0-00"))


@reads(
    "a.xlsx",
    "amount|unit|euro|accounting|red|fraction|days|scientific|shown",
    {2: [number("7")] * 9},
)
def formats_that_are_no_dates(path: Path) -> None:
    """Letters of a unit, a color, a language or General are none of a date; and no format of amounts makes a text."""
    formats = (
        "#,##0.00", '0 "days"', "#,##0.00\\ [$\u20ac-407]", '_-* #,##0.00\\ _d_-;\\-* #,##0.00\\ _d_-;_-* "-"??_d_-',
        "[Red]0;[Blue]-0", "# ?/?", '0" d"', "0.00E+00", "General;-General",
    )  # fmt: skip
    names = ("amount", "unit", "euro", "accounting", "red", "fraction", "days", "scientific", "shown")
    cells = [f's="{1 + at}"><v>7</v>' for at in range(len(formats))]
    package(path, page(row(1, *names) + row(2, *cells)), styles=styles(*formats))


@reads(
    "a.xlsx",
    "ean|sixteen|text|lost",
    {2: [number("4006381333931"), number("1234567890123456"), "1234567890123456", number("12345678901234567000")]},
)
def long_numbers(path: Path) -> None:
    """All digits that a cell holds are kept; beyond 2^53 nobody knows the last ones, and `digits_lost` says so."""
    rows = row(1, "ean", "sixteen", "text", "lost")
    cells = (">@4006381333931", ">@1234567890123456", "1234567890123456", ">@1.2345678901234567E+19")
    package(path, page(rows + row(2, *(f"{cell}</v>".replace("@", "<v>") if "@" in cell else cell for cell in cells))))


@reads(
    "a.xlsx",
    "n",
    {
        2: [number("19.99")], 3: [number("0.3")], 4: [number("1000000000000000000000")], 5: [number("0.0000001")],
        6: [number("0.3333333333333333")], 7: [number("-1234567.891")], 8: [number("0")], 9: [number("100")],
    },
)  # fmt: skip
def numbers_of_all_sizes(path: Path) -> None:
    """Written out, without the noise of arithmetic (19.990000000000002) and without exponents."""
    values = ["19.990000000000002", "0.30000000000000004", "1E+21", "1E-7", "0.333333333333333310", "-1234567.891"]
    values += ["-0", "1.0E2"]
    package(path, page(row(1, "n") + "".join(row(2 + at, f"><v>{value}</v>") for at, value in enumerate(values))))


@reads(
    "a.xlsx",
    "discount|rate",
    {2: [number("0.19"), number("0.075")]},
    notes=('Shown as percent: numbers in the columns "discount", "rate". 19 % is read as 0.19;',),
)
def percents(path: Path) -> None:
    """19 % is the number 0.19, in a CSV file it is 19: that is said."""
    package(
        path,
        page(row(1, "discount", "rate") + row(2, 's="1"><v>0.19</v>', 's="2"><v>7.4999999999999997E-2</v>')),
        styles=styles(9, "0.0%"),
    )


@reads(
    "a.xlsx",
    "typed|german|french|formula",
    {
        2: [truth("TRUE"), "ja", "vrai", truth("FALSE")],
        3: [truth("FALSE"), "nein", "faux", truth("TRUE")],
        4: [None, "ja", None, None],
    },
)
def booleans(path: Path) -> None:
    """Typed ones are TRUE and FALSE, without a value they are empty; words of any language pass, for fields to read."""
    rows = row(1, "typed", "german", "french", "formula")
    rows += row(2, 't="b"><v>1</v>', "ja", "vrai", 't="b"><f>NOT(A2)</f><v>0</v>')
    rows += row(3, 's="1" t="b"><v>0</v>', "nein", "faux", 't="b"><f>NOT(A3)</f><v>1</v>')
    rows += row(4, 't="b"><v></v>', "ja", 's="1" t="b"><v/>', 't="n"><v></v>')
    package(path, page(rows), styles=styles("0"))


ERRORS = ("#REF!", "#DIV/0!", "#N/A", "#NAME?", "#NUM!", "#VALUE!", "#NULL!", "#SPILL!", "#CALC!", "#GETTING_DATA")


@reads("a.xlsx", "e", {at: [error(code)] for at, code in enumerate(ERRORS, start=2)})
def errors_of_all_kinds(path: Path) -> None:
    """No error reads as an empty cell, not even one that is newer than the reader."""
    cells = "".join(row(at, f't="e"><f>A1</f><v>{code}</v>') for at, code in enumerate(ERRORS, start=2))
    package(path, page(row(1, "e") + cells))


@reads(
    "a.xlsx",
    "sum|text|blank|day|list",
    {2: [number("30"), "Lamp & Co", None, date("2024-05-31"), number("1")], 3: [None, "x", None, None, number("2")]},
)
def formulas_with_results(path: Path) -> None:
    """What a formula gave when the file was saved is the cell; a formula that gives no text gives none."""
    rows = row(1, "sum", "text", "blank", "day", "list")
    rows += row(
        2,
        "><f>SUM(B1:B9)</f><v>30</v>",
        't="str"><f>A1&amp;" &lt;"</f><v>Lamp &amp; Co</v>',
        't="str"><f>IF(A1=1,"","")</f><v></v>',
        's="1"><f>TODAY()</f><v>45443</v>',
        't="n" cm="1"><f t="array" aca="1" ref="E2:E3">SEQUENCE(2)</f><v>1</v>',
    )
    rows += row(3, "", "x", "", "", "><v>2</v>")
    package(path, page(rows), styles=styles(14))


@reads(
    "a.xlsx",
    "x|uncalculated",
    {
        2: ["a", error('=A2&"<"')], 3: ["b", error("=")], 4: ["c", error("=NOW()")], 5: ["d", error("#ERROR!")],
        6: ["e", None],
    },
)  # fmt: skip
def formulas_without_results(path: Path) -> None:
    """A program that cannot calculate wrote the file: the cell is not empty, it is unknown."""
    rows = row(1, "x", "uncalculated")
    rows += row(2, "a", '><f t="shared" ref="B2:B3" si="0">A2&amp;"&lt;"</f><v></v>')
    rows += row(3, "b", '><f t="shared" si="0"/>') + row(4, "c", "><f>NOW()</f><v/>") + row(5, "d", 't="e"><f>X()</f>')
    package(path, page(rows + row(6, "e", 't="str"><f>""</f>')))


@reads("a.xlsx", "x|shown", {2: ["a", error("####")], 3: ["b", error("####")], 4: ["c", date("1900-01-01")]})
def days_beyond_the_calendar(path: Path) -> None:
    """A spreadsheet shows #### for a date before 1900 or after 9999."""
    rows = row(2, "a", 's="1"><v>-1</v>') + row(3, "b", 's="1"><v>4006381333931</v>') + row(4, "c", 's="1"><v>1</v>')
    package(path, page(row(1, "x", "shown") + rows), styles=styles(14))


@reads(
    "a.xlsx",
    "rich|plain|東京",
    {2: ["bold and plain", " kept ", "東京"], 3: ["a\nb", "tab\there", "&<>\"'"], 4: ["_x0041_", "A\rB", "😀 é"]},
)
def texts_of_all_kinds(path: Path) -> None:
    """Runs of a rich text are one text, readings of Japanese names are none, blanks and line breaks stay."""
    items = (
        "<r><t>bold</t></r><r><rPr><b/></rPr><t xml:space='preserve'> and plain</t></r>",
        "<t xml:space='preserve'> kept </t>",
        "<t>東京</t><rPh sb='0' eb='2'><t>トウキョウ</t></rPh><phoneticPr fontId='1'/>",
        "<t>a\nb</t>",
        "<t>tab&#9;here</t>",
        "<t>&amp;&lt;&gt;&quot;&apos;</t>",
        "<t>_x005F_x0041_</t>",
        "<t>A_x000D_B</t>",
        "<t>😀 é</t>",
    )
    shared = [f't="s"><v>{at}</v>' for at in range(9)]
    rows = row(1, "rich", "plain", "東京") + row(2, *shared[:3]) + row(3, *shared[3:6]) + row(4, *shared[6:])
    package(path, page(rows), strings=strings(*items))


@reads("a.xlsx", "a|b|c", {2: ["one two", "line\nbreak", "7"], 3: ["x", None, None]})
def inline_texts(path: Path) -> None:
    """Some programs write texts into the cells, with runs as well, or beside a value that is to be ignored."""
    rows = row(1, "a", "b", "c")
    rows += row(
        2,
        't="inlineStr"><is><r><t xml:space="preserve">one </t></r><r><t>two</t></r></is>',
        't="inlineStr"><is><t>line&#10;break</t></is>',
        't="str"><v>7</v>',
    )
    package(path, page(rows + row(3, "x", 't="inlineStr"><is><t></t></is>', 't="inlineStr"><is/>')))


@reads("a.xlsx", "a|b", {2: ["x", None], 3: ["y", "-"]})
def blanks_that_look_like_something(path: Path) -> None:
    """Blanks and no-break blanks are an empty cell; a dash is not."""
    package(path, page(row(1, "a", "b") + row(2, "x", "\u00a0 ") + row(3, "y", "-") + row(4, " ", "\u2003")))


@reads("a.xlsx", "Name|No", {2: ["Lamp", "007"]})
def comments_and_quoted_numbers(path: Path) -> None:
    """Comments are nobody's cell, and a number behind an apostrophe is a text."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Name", "No"])
    sheet.append(["Lamp", "007"])
    sheet["A2"].comment = Comment("Is this right?", "Ann")
    sheet["B2"].quotePrefix = True
    book.save(path)


@reads("a.xlsx", "a|b|c|d|e|f|g", {2: ["NULL", "N/A", "#N/A", "nan", "None", "=1+1", "TRUE"], 3: [number("1")] * 7})
def texts_that_readers_take_for_nothing(path: Path) -> None:
    """A cell that reads N/A is a text, also in a column of numbers; so is what looks like a formula."""
    names = "abcdefg"
    texts = ("NULL", "N/A", "#N/A", "nan", "None", "=1+1", "TRUE")
    package(path, page(row(1, *names) + row(2, *texts) + row(3, *["><v>1</v>"] * 7)))
