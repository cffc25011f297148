"""Where we send and as whom: address, token, and the places of files. The environment is read here and nowhere else."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self
from urllib.parse import urlsplit

from importer.errors import TokenError, UsageError
from importer.errors.addresses import without_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_BASE_URL: Final = "https://api.webflow.com/v2"
"""Webflow's own address."""

SANDBOX_BASE_URL: Final = "http://sandbox.invalid/v2"
"""The address of the sandbox in this process; `.invalid` can never be reached by a mistake (RFC 2606)."""

SANDBOX_FILE: Final = "sandbox.db"
"""The file of the embedded sandbox itself, where none is named."""

_PORTS: Final = {"https": 443, "http": 80}
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_HINT: Final = (
    "Set WEBFLOW_TOKEN, or name a file that holds the token with --token-file. "
    "With --sandbox everything can be tried out without one."
)


class Token:
    """An API token that shows itself only to who asks with `reveal`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Take the token without outer blanks; raises TokenError if that can be no token (it is never quoted)."""
        stripped = value.strip().removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
        if not stripped:
            raise TokenError("The token is empty.", _HINT)
        if not re.fullmatch(r"[!-~]+", stripped):
            raise TokenError("The token holds blanks, line breaks or other signs that no token has.", _HINT)
        self._value = stripped

    def reveal(self) -> str:
        """Give the token itself, for the one header that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Token(***)"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Token) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Token, self._value))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a token is not written to files")


@dataclass(frozen=True, slots=True)
class Settings:
    """The destination (no `/` at its end) and the token for it, None where none was given."""

    base_url: str
    token: Token | None

    def require_token(self) -> Token:
        """Give the token; raises TokenError if there is none."""
        if self.token is None:
            raise TokenError("There is no token for Webflow.", _HINT)
        return self.token


def read_settings(
    *,
    base_url: str | None = None,
    token: str | None = None,
    token_file: str | Path | None = None,
    sandbox: bool = False,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Read address and token: what is given here wins over WEBFLOW_BASE_URL and WEBFLOW_TOKEN.

    `token` is for library users. Raises UsageError for an address that is none, TokenError for a token file that
    cannot be read. That there is no token at all is said by `Settings.require_token`.
    """
    if sandbox:
        return Settings(SANDBOX_BASE_URL, Token("sandbox"))
    seen = os.environ if environ is None else environ
    address = parse_base_url(base_url or seen.get("WEBFLOW_BASE_URL", "").strip() or DEFAULT_BASE_URL)
    if token is not None:
        return Settings(address, Token(token))
    if token_file is not None:
        return Settings(address, _token_in(Path(token_file)))
    kept = seen.get("WEBFLOW_TOKEN", "")
    return Settings(address, Token(kept) if kept.strip() else None)


def _token_in(path: Path) -> Token:
    hint = "Name a text file that holds nothing but the token."
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise TokenError(f"The token file {path} cannot be read: {error.strerror or error}.", hint) from error
    except UnicodeDecodeError as error:
        raise TokenError(f"The token file {path} is no text.", hint) from error
    try:
        return Token(text)
    except TokenError as error:
        raise TokenError(f"Token file {path}: {error.message}", hint) from error


def parse_base_url(text: str) -> str:
    """Check an API address and take the `/` off its end; raises UsageError."""
    address = text.strip().rstrip("/")
    try:
        parts = urlsplit(address)
        sound = bool(parts.scheme in _PORTS and parts.hostname and parts.port != 0)
    except ValueError:  # a port that is no number, a broken IPv6 host
        sound = False
    if not sound or parts.query or parts.fragment:
        raise UsageError(
            f"{without_secrets(address)!r} is no address of an API.",
            f"Write it like {DEFAULT_BASE_URL}, without ? or # (--base-url, WEBFLOW_BASE_URL).",
        )
    if parts.username is not None or parts.password is not None:
        raise UsageError("An API address holds no user name or password.", "Take what stands before the @ out of it.")
    return address


def state_path(
    mapping_path: str | Path | None,
    *,
    base_url: str = DEFAULT_BASE_URL,
    sandbox: bool = False,
    override: str | Path | None = None,
) -> Path:
    """Say where the state file of a mapping and a destination lies.

    `.importer/<mapping>.db` beside the mapping, `.sandbox.db` for the embedded sandbox, `.<host>_<port>.db` for another
    address; `override` (--state) overrules. Raises UsageError if there is neither a mapping file nor an override.
    """
    if override is not None:
        return Path(override)
    if mapping_path is None:
        raise UsageError(
            "Without a mapping file there is no place for the state file.", "Say where it shall lie (--state PATH)."
        )
    mapping = Path(mapping_path)
    return mapping.parent / ".importer" / f"{mapping.stem}{_destination(base_url, sandbox=sandbox)}.db"


def sibling_states(
    state: Path, mapping_path: str | Path | None, *, base_url: str = DEFAULT_BASE_URL, sandbox: bool = False
) -> list[Path]:
    """Find the state files of the same destination beside this one and beside the mapping, itself among them.

    Beside the mapping their names say which destination they are of; elsewhere (--state) people name them, and all that
    end in `.db` are given.
    """
    own = None if mapping_path is None else Path(mapping_path).parent / ".importer"
    found = (
        {} if own is None else {path.resolve(): path for path in own.glob("*.db") if _names(path, base_url, sandbox)}
    )
    if own is None or state.parent.resolve() != own.resolve():
        found |= {path.resolve(): path for path in state.parent.glob("*.db")}
    return sorted(path for path in found.values() if path.name != SANDBOX_FILE)


def _names(path: Path, base_url: str, sandbox: bool) -> bool:  # noqa: FBT001 - as in `_destination`
    """Whether the name of a state file is one of this destination."""
    told = _destination(base_url, sandbox=sandbox)
    return path.stem.endswith(told) if told else re.search(r"\.(sandbox|[a-z0-9.-]+_\d+)$", path.stem) is None


def _destination(base_url: str, *, sandbox: bool) -> str:
    if sandbox:
        return ".sandbox"
    host, port = _host_and_port(base_url)
    if (host, port) == _host_and_port(DEFAULT_BASE_URL):
        return ""
    return f".{re.sub('[^a-z0-9.-]', '-', host)}_{port}"


def _host_and_port(base_url: str) -> tuple[str, int]:
    parts = urlsplit(parse_base_url(base_url))
    return (parts.hostname or "").casefold(), parts.port or _PORTS[parts.scheme]


def sandbox_path(mapping_path: str | Path | None, override: str | Path | None = None) -> Path:
    """Say where the embedded sandbox keeps its file: beside the states of the mapping, else in the current folder."""
    if override is not None:
        return Path(override)
    beside = Path() if mapping_path is None else Path(mapping_path).parent
    return beside / ".importer" / SANDBOX_FILE


def run_folder(state: str | Path, run: str) -> Path:
    """Say where the rejects and reports of a run lie."""
    return Path(state).parent / "runs" / run


def parse_duration(text: str) -> float:
    """Read `90s`, `5m`, `2h` or `1h30m` as seconds; raises UsageError."""
    cleaned = re.sub(r"\s+", "", text).casefold()
    if not re.fullmatch(r"(\d+(\.\d+)?(ms|s|m|h))+", cleaned, re.ASCII):
        raise UsageError(f"{text!r} is no duration.", "Write it like 90s, 5m or 2h.")
    parts = re.findall(r"([\d.]+)(ms|s|m|h)", cleaned)
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


@dataclass(frozen=True, slots=True)
class Share:
    """A guard: a count, or a percentage of all items."""

    amount: float
    percent: bool = False

    def exceeded(self, count: int, total: int) -> bool:
        """Whether `count` of `total` is more than the guard allows."""
        return count * 100 > self.amount * total if self.percent else count > self.amount

    def __str__(self) -> str:
        return f"{self.amount:g}{' %' if self.percent else ''}"


def parse_count_or_percent(text: str) -> Share:
    """Read `10` or `2.5%`; raises UsageError."""
    cleaned = re.sub(r"\s+", "", text)
    if re.fullmatch(r"\d+", cleaned, re.ASCII):
        return Share(float(cleaned))
    if re.fullmatch(r"\d+(\.\d+)?%", cleaned, re.ASCII) and float(cleaned[:-1]) <= 100:  # noqa: PLR2004 - percent
        return Share(float(cleaned[:-1]), percent=True)
    raise UsageError(f"{text!r} is neither a count nor a percentage.", "Write it like 10 or 5%.")


@dataclass(frozen=True, slots=True)
class RowRanges:
    """Row numbers as a person counts them: ranges with both ends, in order, none touching the next."""

    ranges: tuple[tuple[int, int], ...]

    def __contains__(self, row: int) -> bool:
        return any(first <= row <= last for first, last in self.ranges)

    def __str__(self) -> str:
        return ",".join(f"{first}" if first == last else f"{first}-{last}" for first, last in self.ranges)


def parse_rows(text: str) -> RowRanges:
    """Read `2-40,97`; raises UsageError."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(_range(part) for part in text.split(",")):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return RowRanges(tuple(merged))


def _range(part: str) -> tuple[int, int]:
    found = re.fullmatch(r"\s*(\d{1,9})\s*(?:[-\N{EN DASH}]\s*(\d{1,9})\s*)?", part, re.ASCII)
    if found:
        first, last = int(found[1]), int(found[2] or found[1])
        if 1 <= first <= last:
            return first, last
    raise UsageError(f"{part.strip()!r} is no row and no range of rows.", "Write it like 2-40,97.")


def wants_traceback(environ: Mapping[str, str] | None = None) -> bool:
    """Whether IMPORTER_DEBUG asks for the traceback of a mistake of ours."""
    seen = os.environ if environ is None else environ
    return seen.get("IMPORTER_DEBUG", "").strip().casefold() not in {"", "0", "no", "false"}


def environment() -> Mapping[str, str]:
    """Give the environment, from which a mapping's settings may take values (`"${NAME}"`); never the token."""
    return {name: value for name, value in os.environ.items() if name != "WEBFLOW_TOKEN"}
