"""Make the sample sheets again, byte for byte: `python sample_data/make_samples.py`.

Everything is invented. The wording stands in `phrases.toml`, `people.toml` and `catalogue.toml`; the rows that are
bad on purpose stand in `planted.toml`, and where they end up is written to `expected_rejects.csv`.
"""

from __future__ import annotations

import csv
import io
import re
import sys
import tomllib
import unicodedata
import zipfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from openpyxl import Workbook

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from openpyxl.worksheet.worksheet import Worksheet

HERE = Path(__file__).parent
SEED = 20260301
NON_LATIN_SLUGS = {"ja", "ar"}  # nothing would be left of these titles, so their slugs are given
COLONS = {"fr": " : ", "ja": "：", "ru": " — "}  # noqa: RUF001 - the colon that Japanese uses
PRODUCTS_HEADER_ROW = 3

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that is bad on purpose: where it stands, and what must be said of it."""

    file: str
    row: int
    column: str
    code: str


@cache
def words(name: str) -> dict[str, Any]:
    """Read one of the wording files beside this script."""
    return tomllib.loads((HERE / f"{name}.toml").read_text(encoding="utf-8"))


def ascii_slug(text: str) -> str:
    """Make the slug that an editor would have typed for a title in a Latin script."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("ł", "l")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


# --- authors and tags ---


def author_rows() -> Iterator[Row]:
    """Twenty-five authors; the sheet is one that a German Excel has saved."""
    for number, author in enumerate(words("people")["authors"], start=1):
        handle = ascii_slug(author["name"]) or f"author-{number}"
        yield {
            "Name": author["name"],
            "Kürzel": handle,
            "E-Mail": f"{handle}@journal.example",
            "Vita": author["bio"],
            "Porträt": f"https://images.example/people/{handle}.jpg" if number % 6 else "",
            "Website": f"https://{handle}.example/" if number % 3 else "",
            "Telefon": f"+49 30 5557 {number:04d}" if number % 4 else "",
            "Dabei seit": author["joined"],
            "Schreibt noch": author["writes"],
        }


def tag_rows() -> Iterator[Row]:
    """Twenty tags."""
    for tag in words("people")["tags"]:
        yield {
            "Tag": tag["name"],
            "In addresses": ascii_slug(tag["name"]),
            "Colour": tag["colour"],
            "What it is about": tag["text"],
        }


# --- blog posts ---


def headlines(language: str, pool: dict[str, Any], random: Random) -> Iterator[tuple[str, str, int]]:
    """Title, section and topic number of each post in one language; no title comes twice."""
    specials = pool.get("specials", [])
    for special in specials:
        yield special["title"], special["section"], random.randrange(20)
    colon = COLONS.get(language, ": ")
    choices = [
        (f"{topic}{colon}{angle}", section, number)
        for number, topic in enumerate(pool["topics"])
        for section, angles in pool["angles"].items()
        for angle in angles
    ]
    yield from random.sample(choices, pool["posts"] - len(specials))


def body(pool: dict[str, Any], topic: str, random: Random) -> str:
    """Write a text of some paragraphs: mostly HTML with links, now and then plain text with blank lines between."""
    sentences = random.sample(pool["sentences"], k=min(len(pool["sentences"]), random.randint(4, 7)))
    half = len(sentences) // 2
    first, second = " ".join(sentences[:half]), " ".join(sentences[half:])
    form = random.randrange(10)
    if form == 0:
        return f"{first}\n\n{second}"
    parts = [f"<p>{first}</p>", f"<h2>{random.choice(pool['headings'])}</h2>"]
    if form in {1, 2, 3}:
        parts.append("<ul>" + "".join(f"<li>{sentence}</li>" for sentence in sentences[half:]) + "</ul>")
    elif form in {4, 5}:
        parts.append(f"<blockquote>{second}</blockquote>")
    else:
        parts.append(f"<p>{second}</p>")
    link = f"/archive/{topic}" if form % 2 else f"https://journal.example/archive/{topic}"
    parts.append(f'<p><a href="{link}">{pool["more"]}</a></p>')
    return ("\n" if form in {2, 4, 6, 8} else "").join(parts)


def pictures(topic: str, title: str, random: Random) -> Row:
    """Choose the cells of a post that hold addresses of pictures and files."""
    many = random.randint(2, 4) if random.random() < 0.35 else 0
    between = "\n" if random.random() < 0.2 else "; "
    hero = random.random() < 0.9
    return {
        "Hero image": f"https://images.example/journal/{topic}/hero-{random.randint(1, 9)}.jpg" if hero else "",
        "Hero image description": title if hero and random.random() < 0.8 else "",
        "Gallery": between.join(f"https://images.example/journal/{topic}/{n:02d}.jpg" for n in range(1, many + 1)),
        "Gallery descriptions": between.join(f"{topic.replace('-', ' ')}, no. {n}" for n in range(1, many + 1)),
        "Attachment": f"https://files.example/journal/{topic}-plan.pdf" if random.random() < 0.15 else "",
        "Press kit": f"https://files.example/press/{topic}.zip" if random.random() < 0.05 else "",
    }


def publish_date(random: Random) -> str:
    """When a post came out, as the editors write it: with the time, or without."""
    moment = datetime(2019, 1, 7, 9, 30) + timedelta(  # noqa: DTZ001 - a date on paper, its zone stands in the mapping
        days=random.randrange(2500), minutes=15 * random.randrange(24)
    )
    return moment.strftime("%d %B %Y %H:%M" if random.random() < 0.7 else "%d %B %Y")


def status(random: Random) -> str:
    """Choose what became of a post: nearly all are published."""
    return random.choices(["published", "draft", "in review", "spiked"], weights=[920, 40, 25, 15])[0]


def post(language: str, headline: tuple[str, str, int], topics: Sequence[str], random: Random) -> Row:
    """One row of blog_posts.csv."""
    pool = words("phrases")[language]
    people = words("people")
    title, section, number = headline
    topic = ascii_slug(topics[number])
    given = language in NON_LATIN_SLUGS or random.random() < 0.6
    slug = ascii_slug(title)[:70].strip("-") if language not in {"el", "ru", "ja", "ar"} else ""
    colours = ["#1f6f5c", "#b5532a", "teal", "rgb(29, 53, 87)", "hsl(32, 80%, 50%)", "#0af", "rebeccapurple"]
    summary = random.choice(pool["summaries"])
    seconds = random.randint(100000, 999999)
    return {
        "Title": title,
        "Slug": (slug or f"{topic}-{language}-{section.lower()}-{seconds}") if given else "",
        "Language": language,
        "Status": status(random),
        "Section": section,
        "Author": random.choice(people["authors"])["name"],
        "Topics": ", ".join(tag["name"] for tag in random.sample(people["tags"], k=random.randint(0, 4))),
        "Publish date": publish_date(random),
        "Featured?": random.choice(["yes", "no", "no", "no", ""]),
        "Summary": summary if random.random() < 0.8 else "",
        "Body": body(pool, topic, random),
        **pictures(topic, title, random),
        "Video": f"https://www.youtube.com/watch?v=mend{seconds:07d}" if random.random() < 0.12 else "",
        "Source": random.choice(["", "", f"https://archive.example/{topic}", f"/archive/{topic}"]),
        "Contact e-mail": random.choice(["", "", "letters@journal.example", "workshop+visits@journal.example"]),
        "Contact phone": random.choice(["", "", "", "+49 30 5557 0100", "(030) 5557-0142"]),
        "Minutes to read": str(random.randint(2, 24)),
        "Rating": random.choice(["", "3.5", "4", "4.0", "4.5", "5"]),
        "Accent colour": random.choice(["", *colours]),
    }


def blog_post_rows() -> list[Row]:
    """Five hundred posts in eight languages, in no order of language."""
    random = Random(SEED)
    phrases = words("phrases")
    topics = phrases["en"]["topics"]
    rows = [
        post(language, headline, topics, random)
        for language, pool in phrases.items()
        for headline in list(headlines(language, pool, random))
    ]
    random.shuffle(rows)
    return rows


# --- products ---


def ean(number: int) -> str:
    """Compose a thirteen-digit number of the range that shops use inside, with its check digit."""
    digits = f"20{number * 7919 % 10**10:010d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


def product(number: int, name: str, line: dict[str, Any], size: str | None, random: Random) -> Row:
    """One row of products.xlsx, in typed cells."""
    catalogue = words("catalogue")
    noun = name.rsplit(maxsplit=1)[-1]
    cents = random.randrange(490, 18900, 10)
    on_sale = random.random() < 0.2
    available = datetime(2024, 1, 1) + timedelta(days=random.randrange(900))  # noqa: DTZ001 - as in a workbook
    picture = ascii_slug(name)
    return {
        "SKU": f"{number * 37 % 100000:06d}",
        "EAN": ean(number),
        "Product": name,
        "Size": size,
        "Colour": random.choice(list(catalogue["colours"])) if random.random() < 0.8 else None,
        "Price": cents / 100,
        "Sale price": round(cents * 0.8) / 100 if on_sale else None,
        "On sale?": on_sale,
        "Stock": random.choice([0, 3, 8, 12, 40, 144]),
        "Weight (g)": random.randrange(40, 4200),
        "Available from": available,
        "Discontinued?": random.random() < 0.03,
        "Description": random.choice(line["about"]),
        "Tags": "; ".join(filter(None, [catalogue["tags"].get(noun), "Tools" if number % 4 == 0 else None])) or None,
        "Photo": f"https://images.example/shop/{picture}.jpg" if random.random() < 0.85 else None,
        "Photo description": f"{name}, photographed on the bench" if random.random() < 0.6 else None,
        "Manual": f"https://files.example/manuals/{picture}.pdf" if random.random() < 0.2 else None,
        "Supplier e-mail": random.choice([None, "orders@alder-and-ash.example", "verkauf@messing-mayer.example"]),
    }


def product_rows() -> list[Row]:
    """Three hundred products; work clothes come in sizes."""
    random = Random(SEED + 1)
    wanted: list[tuple[str, dict[str, Any], str | None]] = []
    for line in words("catalogue")["line"]:
        for material in line["materials"]:
            for thing in line["things"]:
                sizes = random.sample(["XS", "S", "M", "L", "XL"], k=random.randint(2, 4)) if line["sized"] else [None]
                wanted.extend((f"{material} {thing}", line, size) for size in sizes)
    wanted = wanted[:300]
    return [product(number, name, line, size, random) for number, (name, line, size) in enumerate(wanted, start=1)]


# --- rows that are bad on purpose ---


def plant(file: str, rows: list[Row], first_row: int) -> list[Reject]:
    """Make some rows bad, each in one way; `first_row` is the row number of the first one in the spreadsheet."""
    planted = words("planted")[Path(file).stem]
    rejects = []
    for index, bad in enumerate(planted, start=1):
        place = index * len(rows) // (len(planted) + 1)
        column = bad["column"]
        value = rows[bad["like"]][column] if "like" in bad else bad.get("value")
        rows[place].update({name: cell if cell != "" else None for name, cell in bad.get("also", {}).items()})
        rows[place][column] = value
        rejects.append(Reject(file, first_row + place, column, bad["code"]))
    return rejects


# --- writing ---


def write_csv(
    name: str, rows: Iterable[Row], *, delimiter: str = ",", encoding: str = "utf-8", ends: str = "\n"
) -> None:
    """Write a sheet as text."""
    listed = list(rows)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(listed[0]), delimiter=delimiter, lineterminator=ends)
    writer.writeheader()
    writer.writerows(listed)
    (HERE / name).write_bytes(text.getvalue().encode(encoding))


def fill_products(sheet: Worksheet, rows: list[Row]) -> None:
    """Write the stock list as people keep one: a title above, a total below, typed and formatted cells."""
    sheet.append(["The Mending Shop: stock list"])
    sheet.append(["as of", datetime(2026, 3, 1)])  # noqa: DTZ001 - as in a workbook
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append(list(row.values()))
    sheet.append([])
    sheet.append([None, None, "Total", *[None] * 5, sum(row["Stock"] for row in rows if isinstance(row["Stock"], int))])
    columns = {name: number for number, name in enumerate(rows[0], start=1)}
    for row_number in range(PRODUCTS_HEADER_ROW + 1, PRODUCTS_HEADER_ROW + 1 + len(rows)):
        sheet.cell(row_number, columns["SKU"]).number_format = "@"
        sheet.cell(row_number, columns["EAN"]).number_format = "@"
        sheet.cell(row_number, columns["Price"]).number_format = "#,##0.00"
        sheet.cell(row_number, columns["Sale price"]).number_format = "#,##0.00"
        sheet.cell(row_number, columns["Available from"]).number_format = "dd/mm/yyyy"
    sheet.freeze_panes = f"A{PRODUCTS_HEADER_ROW + 1}"


def write_workbook(name: str, rows: list[Row]) -> None:
    """Write products.xlsx, without the time of writing in it."""
    book = Workbook()
    fill_products(book.worksheets[0], rows)
    book.worksheets[0].title = "Products"
    notes = book.create_sheet("Notes")
    notes.append(["Sizes run large. Prices include VAT."])
    book.properties.creator = "The Mending Shop"
    book.properties.created = datetime(2026, 3, 1)  # noqa: DTZ001 - openpyxl's form
    written = io.BytesIO()
    book.save(written)
    stamp = b"2026-03-01T00:00:00Z"
    with zipfile.ZipFile(written) as old, zipfile.ZipFile(HERE / name, "w", zipfile.ZIP_STORED) as new:
        for part in old.namelist():
            content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + stamp, old.read(part))
            new.writestr(zipfile.ZipInfo(part, date_time=(2026, 3, 1, 0, 0, 0)), content)


def main() -> int:
    """Write the four sheets, and the list of what must be rejected."""
    posts, products = blog_post_rows(), product_rows()
    rejects = plant("blog_posts.csv", posts, first_row=2)
    rejects += plant("products.xlsx", products, first_row=PRODUCTS_HEADER_ROW + 1)
    write_csv("authors.csv", author_rows(), delimiter=";", encoding="utf-8-sig", ends="\r\n")
    write_csv("tags.csv", tag_rows())
    write_csv("blog_posts.csv", posts)
    write_workbook("products.xlsx", products)
    write_csv(
        "expected_rejects.csv", ({slot: getattr(reject, slot) for slot in Reject.__slots__} for reject in rejects)
    )
    print(f"{len(posts)} posts, {len(products)} products, {len(rejects)} rows bad on purpose")
    return 0


if __name__ == "__main__":
    sys.exit(main())
