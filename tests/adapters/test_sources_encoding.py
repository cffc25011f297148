"""Text encodings: found by themselves or named, and bytes that are not in them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from importer.errors import SourceError
from importer.model import BROKEN, ROW, SourceOptions
from importer.sources import open_source
from importer.sources.encoding import is_strict_utf8
from importer.sources.stored import store

TEXT = "Größe,Café\nblau,über “alles” €\nä,ö\n"


def read(path: Path, options: SourceOptions, block_bytes: int = 5) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    with open_source(path, options, block_bytes=block_bytes) as source:
        return source.columns, [
            row for batch in source.batches() for row in batch.select(ROW, *source.columns, BROKEN).iter_rows()
        ]


@pytest.mark.parametrize(
    ("codec", "mark", "label"),
    [
        ("utf-8", b"", "UTF-8"),
        ("utf-8", b"\xef\xbb\xbf", "UTF-8"),
        ("utf-16-le", b"\xff\xfe", "UTF-16"),
        ("utf-16-be", b"\xfe\xff", "UTF-16 (big endian)"),
        ("utf-16-le", b"", "UTF-16"),
        ("utf-16-be", b"", "UTF-16 (big endian)"),
        ("utf-32-le", b"\xff\xfe\x00\x00", "UTF-32"),
        ("utf-32-be", b"\x00\x00\xfe\xff", "UTF-32 (big endian)"),
        ("cp1252", b"", "Windows-1252"),
    ],
)
def test_the_encoding_is_found(tmp_path: Path, codec: str, mark: bytes, label: str) -> None:
    """By its mark, by zero bytes, by being UTF-8 all through; what is none of those comes from Windows."""
    path = tmp_path / "sheet.csv"
    path.write_bytes(mark + TEXT.encode(codec))
    assert read(path, SourceOptions()) == (
        ("Größe", "Café"),
        [(2, "blau", "über “alles” €", None), (3, "ä", "ö", None)],
    )
    with open_source(path, SourceOptions()) as source:
        assert source.detected == f"sheet.csv: {label}, delimiter ',', header in row 1"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text(st.characters(codec="cp1252", exclude_categories=["Cc"]), min_size=1), min_size=1, max_size=8),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252", "utf-32"]),
    st.integers(1, 9),
)
def test_a_named_encoding_is_read_as_python_reads_it(cells: list[str], codec: str, block_bytes: int) -> None:
    """Whatever the size of the pieces that characters are cut into."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sheet.csv"
        quoted = ['"' + cell.replace('"', '""') + '"' for cell in cells]
        path.write_bytes("\n".join(["a", *quoted]).encode(codec))
        _, rows = read(path, SourceOptions(encoding=codec, delimiter=",", header_row=1), block_bytes)
    kept = [(row, cell, None) for row, cell in enumerate(cells, start=2) if cell.strip()]
    assert rows == kept


def test_windows_text_far_down_is_noticed(tmp_path: Path) -> None:
    """The whole file is looked at, not only its beginning."""
    path = tmp_path / "sheet.csv"
    path.write_bytes(b"a\n" + b"plain\n" * 300_000 + "Größe\n".encode("cp1252"))
    _, rows = read(path, SourceOptions(), 1 << 21)
    assert rows[-1] == (300_002, "Größe", None)
    assert len(rows) == 300_001


def test_a_damaged_place_breaks_its_row_only(tmp_path: Path) -> None:
    """Bytes that are not in the encoding are shown as such, the row says so, and the rest is read on."""
    path = tmp_path / "sheet.csv"
    good = "Größe,Café,naïve\n".encode()
    path.write_bytes(good * 3 + b"x,caf\xe9 cr\xe8me,z\n" + good)
    columns, rows = read(path, SourceOptions(), 1 << 21)
    assert columns == ("Größe", "Café", "naïve")
    assert rows[2] == (4, "x", "caf\ufffd cr\ufffdme", "z", "a sign in column Café is not in the file's encoding")
    assert [row[-1] is None for row in rows] == [True, True, False, True]


@pytest.mark.parametrize(
    ("codec", "content"),
    [
        ("cp1252", b"a,b\nx,\x81\ny,z\n"),
        ("utf-16-le", "a,b\nx,".encode("utf-16-le") + b"\x00\xd8" + "\ny,z\n".encode("utf-16-le")),
        ("shift_jis", b"a,b\nx,\x80\xff\ny,z\n"),
        ("ascii", b"a,b\nx,\xe9\ny,z\n"),
    ],
)
def test_damage_in_other_encodings_is_told_too(tmp_path: Path, codec: str, content: bytes) -> None:
    """Each encoding has byte sequences that are no sign in it."""
    path = tmp_path / "sheet.csv"
    path.write_bytes(content)
    _, rows = read(path, SourceOptions(encoding=codec))
    assert [(row[0], row[-1]) for row in rows] == [(2, "a sign in column b is not in the file's encoding"), (3, None)]


def test_a_replacement_sign_in_utf8_is_a_sign(tmp_path: Path) -> None:
    """U+FFFD is in the encoding; who put it there is not for us to say."""
    path = tmp_path / "sheet.csv"
    path.write_bytes("a\nx\ufffdy\n".encode())
    assert read(path, SourceOptions())[1] == [(2, "x\ufffdy", None)]


@pytest.mark.parametrize(
    ("named", "hint"),
    [("windows1525", "Did you mean 'windows-1252'?"), ("base64", "Encodings are"), ("", "Encodings are")],
)
def test_an_unknown_encoding_is_told(tmp_path: Path, named: str, hint: str) -> None:
    """With the nearest one, or some that there are; codecs that make no text are none."""
    path = tmp_path / "sheet.csv"
    path.write_text("a\n1\n")
    with pytest.raises(SourceError, match="is not known") as caught:
        open_source(path, SourceOptions(encoding=named))
    assert caught.value.hint.startswith(hint)


def test_a_mark_that_says_otherwise_is_told(tmp_path: Path) -> None:
    """Reading on would make nonsense of every cell."""
    path = tmp_path / "sheet.csv"
    path.write_bytes("\ufeffa\n1\n".encode("utf-16-le"))
    with pytest.raises(SourceError, match="begins with the mark of UTF-16"):
        open_source(path, SourceOptions(encoding="windows-1252"))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    signs=st.lists(st.sampled_from([*"aé€😀\n"]), max_size=12).map(lambda signs: "".join(signs).encode()),
    damage=st.none() | st.tuples(st.integers(0, 40), st.sampled_from([0x80, 0xBF, 0xC3, 0xE2, 0xED, 0xF0, 0xFF])),
    size=st.integers(1, 9),
)
def test_utf8_is_told_wherever_a_piece_of_the_file_ends(
    tmp_path: Path, signs: bytes, damage: tuple[int, int] | None, size: int
) -> None:
    """The same as decoding all of it at once, also where a piece ends inside a sign, and where bytes are damaged."""
    data = bytearray(signs)
    if damage is not None and data:
        data[damage[0] % len(data)] = damage[1]
    path = tmp_path / "sheet.csv"
    path.write_bytes(data)
    try:
        data.decode()
    except UnicodeDecodeError:
        assert not is_strict_utf8(store(path, "sheet.csv"), size)
    else:
        assert is_strict_utf8(store(path, "sheet.csv"), size)
