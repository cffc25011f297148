"""A collection as Webflow describes it: `GET /collections/{id}`, read through pydantic.

Facts: the official OpenAPI description (collections-get), and the shapes of `validations` that Get Collection
really answers with.
"""

from __future__ import annotations

from collections.abc import Sequence  # noqa: TC003 - pydantic reads the annotations while it runs
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as Described
from pydantic.alias_generators import to_camel

WRITABLE_TYPES = frozenset(
    [
        "PlainText",
        "RichText",
        "Image",
        "MultiImage",
        "VideoLink",
        "Link",
        "Email",
        "Phone",
        "Number",
        "DateTime",
        "Switch",
        "Color",
        "ExtFileRef",
        "File",
        "Option",
        "Reference",
        "MultiReference",
    ]
)
"""The 17 field types of the CMS; ExtFileRef is in the enumeration, though no page says how to write one."""

UNREADABLE_TYPES = frozenset({"Image", "MultiImage", "File", "ExtFileRef", "VideoLink", "RichText"})
"""Field types that do not read back as they were written."""


class _Described(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore")


class Option(_Described):
    """One choice of an Option field; names may be doubled and carry trailing blanks."""

    id: str
    name: str


class Validations(_Described):
    """The limits of a field, as Get Collection gives them; `None` where there is none."""

    single_line: bool | None = None
    min_length: int | None = None
    max_length: int | None = None
    format: str | None = None
    precision: int | None = None
    allow_negative: bool | None = None
    allow_zero: bool | None = None
    min_value: float | None = None
    max_value: float | None = None
    options: tuple[Option, ...] = ()
    collection_id: str | None = None
    accepted_extensions: tuple[str, ...] = ()


class Field(_Described):
    """One field of a collection."""

    id: str = ""
    slug: str
    display_name: str = ""
    type: str
    is_required: bool = False
    is_editable: bool = True
    help_text: str | None = None
    validations: Validations | None = None

    @property
    def limits(self) -> Validations:
        """Its validations, empty where Webflow gives none."""
        return self.validations or Validations()

    @property
    def writable(self) -> bool:
        """Whether a value can be sent for it."""
        return self.type in WRITABLE_TYPES


class CollectionSchema(_Described):
    """A collection and its fields."""

    id: str
    slug: str = ""
    display_name: str = ""
    singular_name: str = ""
    fields: tuple[Field, ...] = Described(default=())

    @cached_property
    def by_slug(self) -> dict[str, Field]:
        """Its fields by their slug."""
        return {field.slug: field for field in self.fields}


class Locale(_Described):
    """A locale of a site: items name it by `cms_locale_id`, people by `tag` ("fr-FR")."""

    id: str = ""
    cms_locale_id: str
    tag: str = ""
    display_name: str = ""


class Locales(_Described):
    """The locales of a site."""

    primary: Locale | None = None
    secondary: tuple[Locale, ...] = ()

    @property
    def all(self) -> tuple[Locale, ...]:
        """The primary one first."""
        return ((self.primary,) if self.primary else ()) + self.secondary


class Site(_Described):
    """A site, as `GET /sites/{id}` gives it."""

    id: str
    display_name: str = ""
    short_name: str = ""
    last_published: str | None = None
    locales: Locales | None = None


def parse_collection(answer: Any) -> CollectionSchema:
    """Read an answer of `GET /collections/{id}`.

    Raises ValueError with a sentence if it is not the description of a collection.
    """
    try:
        return CollectionSchema.model_validate(answer)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the answer"
        raise ValueError(f"this is no description of a collection: {where}: {first['msg']}") from error


def collections_named(reference: str, collections: Sequence[CollectionSchema]) -> list[CollectionSchema]:
    """The collections that a person can mean by an id, a slug or a display name (in this order of precedence)."""
    wanted = reference.strip().casefold()
    for name in ("id", "slug", "display_name", "singular_name"):
        found = [one for one in collections if getattr(one, name).strip().casefold() == wanted]
        if found:
            return found
    return []
