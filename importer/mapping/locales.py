"""Locales by the names that people give them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from importer.mapping.rules import is_id

if TYPE_CHECKING:
    from importer.mapping.mistakes import Mistakes
    from importer.schema import Locales


def locale_names(locales: Locales | None) -> dict[str, str]:
    """Map names in lower case to what items say: "" for the primary locale, else the cmsLocaleId.

    Names are the tag, the bare language where exactly one locale has it, and the cmsLocaleId.
    """
    if locales is None:
        return {}
    said = {one.cms_locale_id: "" if one == locales.primary else one.cms_locale_id for one in locales.all}
    languages = Counter(_language(one.tag) for one in locales.all)
    names = {_language(one.tag): said[one.cms_locale_id] for one in locales.all if languages[_language(one.tag)] == 1}
    names |= {one.cms_locale_id.lower(): said[one.cms_locale_id] for one in locales.all}
    names |= {_tag(one.tag): said[one.cms_locale_id] for one in locales.all}
    names.pop("", None)
    return names


def mapping_locale(wanted: str | None, locales: Locales | None, mistakes: Mistakes) -> str:
    """Find the locale that a mapping names ("" for the primary one, or none named)."""
    if wanted is None:
        return ""
    names = locale_names(locales)
    found = names.get(_tag(wanted))
    if found is not None:
        return found
    if locales is None:
        if not is_id(wanted):
            mistakes.add("locale", f'"{wanted}" cannot be looked up: the locales of the site are not known here')
        return wanted
    tags = [one.tag for one in locales.all if one.tag]
    known = f"; it has {', '.join(tags)}" if tags else "; it has but one, without a tag"
    mistakes.add("locale", f'the site has no locale "{wanted}"{known}')
    return ""


def _tag(text: str) -> str:
    return text.strip().lower().replace("_", "-")


def _language(tag: str) -> str:
    return _tag(tag).partition("-")[0]
