"""What a code list is, and the refusal of a code that is not in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

_SHOWN = 64  # an unknown code may be any text; an error shows so much of it
_SMALL = 200  # lists up to this size are compared by similarity, larger ones by prefix
_SUGGESTIONS = 3


@dataclass(frozen=True, slots=True)
class Code:
    """One entry: a code, its Chinese and English titles and the code above it."""

    code: str
    zh: str | None
    en: str | None = None
    parent: str | None = None

    def title(self, lang: str) -> str:
        """The title in ``zh`` or ``en``; in the other language, or the code, if there is none."""
        first, second = (self.en, self.zh) if lang == "en" else (self.zh, self.en)
        return first or second or self.code


class UnknownCode(ValueError):
    """A code that is not in a list.

    Attributes:
        list_name: the list's name.
        code: what was given, shortened if it is long.
        nearest: codes of the list that may have been meant, at most three.
    """

    def __init__(self, list_name: str, code: str, nearest: tuple[str, ...]) -> None:
        shown = code[:_SHOWN]
        hint = f"; did you mean {', '.join(nearest)}?" if nearest else ""
        super().__init__(f"{shown!r} is not in the list {list_name}{hint}")
        self.list_name = list_name
        self.code = shown
        self.nearest = nearest


@dataclass(frozen=True)
class CodeList:
    """A named, immutable list of codes with its provenance.

    Attributes:
        name: stable English name, the key in ``all_lists``.
        zh, en: the list's title.
        origin: the standard, law or publication, and how far it was read.
        licence: under which the data came.
        verify: True if the content is recalled or incomplete and must be checked against the
            official source before a rule relies on it.
        as_of: edition or date of the content.
        entries: in official order.
    """

    name: str
    zh: str
    en: str
    origin: str
    licence: str
    verify: bool
    as_of: str
    entries: tuple[Code, ...]
    _by_code: Mapping[str, Code] = field(init=False, repr=False, compare=False)
    _children: Mapping[str | None, tuple[Code, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_code: dict[str, Code] = {}
        children: dict[str | None, list[Code]] = {}
        for entry in self.entries:
            if entry.code in by_code:
                raise ValueError(f"{self.name}: {entry.code} is listed twice")
            by_code[entry.code] = entry
            children.setdefault(entry.parent, []).append(entry)
        for parent in children:
            if parent is not None and parent not in by_code:
                raise ValueError(f"{self.name}: parent {parent} is not listed")
        object.__setattr__(self, "_by_code", by_code)
        object.__setattr__(self, "_children", {k: tuple(v) for k, v in children.items()})

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Code]:
        return iter(self.entries)

    def __contains__(self, code: object) -> bool:
        return code in self._by_code

    def get(self, code: str) -> Code | None:
        """The entry, or None."""
        return self._by_code.get(code)

    def require(self, code: str) -> Code:
        """The entry.

        Raises:
            UnknownCode: with suggestions, if there is none.
        """
        entry = self._by_code.get(code)
        if entry is None:
            raise UnknownCode(self.name, code, self.nearest(code))
        return entry

    def children(self, code: str | None) -> tuple[Code, ...]:
        """The entries directly below a code, or the topmost ones for None."""
        return self._children.get(code, ())

    def path(self, code: str) -> tuple[Code, ...]:
        """The entry and everything above it, topmost first.

        Raises:
            UnknownCode: if there is no such entry.
        """
        entry = self.require(code)
        chain = [entry]
        while entry.parent is not None:
            entry = self._by_code[entry.parent]
            chain.append(entry)
        return tuple(reversed(chain))

    def nearest(self, text: str) -> tuple[str, ...]:
        """Up to three codes that may have been meant by a code or title that is not listed."""
        wanted = text.strip()[:_SHOWN]
        if not wanted:
            return ()
        by_title = [e.code for e in self.entries if wanted in (e.zh, e.en)]
        if by_title:
            return tuple(by_title[:_SUGGESTIONS])
        if len(self.entries) <= _SMALL:
            return tuple(get_close_matches(wanted, self._by_code, n=_SUGGESTIONS))
        capitals = wanted.upper()
        for length in range(len(capitals), 1, -1):
            found = [code for code in self._by_code if code.startswith(capitals[:length])]
            if found:
                found.sort(key=lambda code: abs(len(code) - len(capitals)))
                return tuple(found[:_SUGGESTIONS])
        return ()
