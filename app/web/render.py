"""What templates speak: two languages, money, dates in Asia/Shanghai, names of codes."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from app.kit import codes
from app.kit.calendar import SHANGHAI
from app.kit.i18n import Language
from app.kit.money import format_yuan
from app.standard import service as standard
from app.web import texts

HERE = Path(__file__).parent
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_WEEKDAYS = (
    ("周一", "Mon"),
    ("周二", "Tue"),
    ("周三", "Wed"),
    ("周四", "Thu"),
    ("周五", "Fri"),
    ("周六", "Sat"),
    ("周日", "Sun"),
)


class Words:
    """How values are written for a reader of one language."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def t(self, zh: str, en: str) -> str:
        """The text in the reader's language."""
        return zh if self.language == "zh" else en

    def money(self, fen: int | None) -> str:
        """An amount in fen as yuan; whole yuan without decimals."""
        if fen is None:
            return "—"
        text = format_yuan(fen)
        return "¥" + (text[:-3] if text.endswith(".00") else text)

    def large(self, fen: int | None) -> str:
        """An amount rounded for an overview; exact when it is small."""
        if fen is None:
            return "—"
        units = (
            ((10**10, "亿元"), (10**6, "万元"))
            if self.language == "zh"
            else ((10**11, "bn"), (10**8, "m"))
        )
        for size, name in units:
            if abs(fen) >= size:
                tenths = (fen * 10 + size // 2) // size
                figure = f"{tenths // 10:,}.{tenths % 10}"
                return figure + " " + name if self.language == "zh" else f"CNY {figure}{name}"
        return self.money(fen)

    def plain(self, fen: int | None) -> str:
        """An amount as it is typed into a form."""
        return "" if fen is None else format_yuan(fen).replace(",", "").removesuffix(".00")

    def count(self, number: int) -> str:
        """A whole number with separators."""
        return f"{number:,}"

    def day(self, value: date | datetime | None, provisional: bool = False) -> Markup | str:
        """A day in Shanghai; a provisional one says so."""
        if value is None:
            return "—"
        local = value.astimezone(SHANGHAI).date() if isinstance(value, datetime) else value
        text = Markup('<time datetime="{}">{}</time>').format(local.isoformat(), local.isoformat())
        return text + self.provisional_mark() if provisional else text

    def moment(self, value: datetime | None, provisional: bool = False) -> Markup | str:
        """A moment in Shanghai, to the minute."""
        if value is None:
            return "—"
        local = value.astimezone(SHANGHAI)
        text = Markup('<time datetime="{}">{}</time>').format(
            value.isoformat(), local.strftime("%Y-%m-%d %H:%M")
        )
        return text + self.provisional_mark() if provisional else text

    def until(self, value: datetime | None, provisional: bool = False) -> Markup | str:
        """The end of a period: midnight is 24:00 of the day that ends (民法典 203)."""
        if value is None:
            return "—"
        local = value.astimezone(SHANGHAI)
        if local.hour or local.minute or local.second:
            return self.moment(value, provisional)
        day = local.date() - timedelta(days=1)
        text = Markup('<time datetime="{}">{} 24:00</time>').format(value.isoformat(), day)
        return text + self.provisional_mark() if provisional else text

    def second(self, value: datetime) -> Markup:
        """A moment in Shanghai, to the second."""
        local = value.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
        return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), local)

    def provisional_mark(self) -> Markup:
        """The mark of a date that an official calendar still to come may move."""
        why = self.t(
            "所涉年份的放假安排尚未公布,公布后将重新计算,只会推后",
            "The official calendar of a year in it is not out; it will be counted anew, only later",
        )
        return Markup(' <span class="provisional" title="{}">{}</span>').format(
            why, self.t("暂定", "provisional")
        )

    def left(self, until: datetime | None, now: datetime) -> str:
        """How long it is until a moment, in its two largest units."""
        if until is None:
            return "—"
        if until <= now:
            return self.t("已到期", "due")
        return self.span(until - now)

    def span(self, length: timedelta) -> str:
        """A length of time in its two largest units."""
        seconds = int(length.total_seconds())
        parts: list[str] = []
        for size, zh, en in (
            (86400, " 天", " d"),
            (3600, " 小时", " h"),
            (60, " 分", " min"),
            (1, " 秒", " s"),
        ):
            amount, seconds = divmod(seconds, size)
            if amount or parts:
                parts.append(f"{amount}{self.t(zh, en)}")
            if len(parts) == 2:
                break
        return " ".join(parts) or self.t("0 秒", "0 s")

    def weekday(self, number: int) -> str:
        """The short name of a weekday, Monday being 0."""
        return self.t(*_WEEKDAYS[number])

    def state(self, domain: str, value: str) -> str:
        """The name of a state or kind."""
        return self.t(*texts.state_name(domain, value))

    def badge(self, domain: str, value: str) -> Markup:
        """A state as a badge."""
        tone = texts.TONES.get(value, "plain")
        return Markup('<span class="badge {}">{}</span>').format(tone, self.state(domain, value))

    def code(self, list_name: str, value: str | None) -> str:
        """The title of a code; a code that is not in its list shows itself."""
        if not value:
            return "—"
        entry = codes.code_list(list_name).get(value)
        return value if entry is None else entry.title(self.language)

    def member(self, name: str) -> str:
        """The label of a member of the information-publication standard."""
        found = standard.schema()["properties"][name]
        return self.t(found["x-zh"], found["title"])

    def member_value(self, name: str, value: str) -> str:
        """The name of a value that a member of the standard can have."""
        found = standard.schema()["properties"][name]
        names: dict[str, str] = found.get("items", found)["x-zh-values"]
        return self.t(names.get(value, value), value.replace("_", " "))

    def member_choices(self, name: str) -> list[tuple[str, str]]:
        """The values that a member of the standard can have, for a form's choice."""
        found = standard.schema()["properties"][name]
        values: list[str] = found.get("items", found)["enum"]
        return [(value, self.member_value(name, value)) for value in values]

    def choices(self, list_name: str, parent: str | None = None) -> list[tuple[str, str]]:
        """Codes and titles of one level of a list, for a form's choice."""
        found = codes.code_list(list_name).children(parent)
        return [(entry.code, entry.title(self.language)) for entry in found]

    def region(self, value: str | None) -> str:
        """The full name of a region; counties that were renumbered show their province."""
        if not value:
            return "—"
        if value == "000000":
            return self.t("国外", "Abroad")
        try:
            return codes.region(value).full_name
        except codes.UnknownCode:
            entry = codes.regions().get(value[:2] + "0000")
            return value if entry is None else entry.title(self.language)

    def ipc(self, value: str) -> Markup:
        """An IPC symbol with its title for those who point at it."""
        title = codes.ipc_title(value, self.language) or value
        return Markup('<abbr class="ipc" title="{}">{}</abbr>').format(title, value)

    def lines(self, text: str | None) -> Markup:
        """Text with its paragraphs."""
        parts = [part.strip() for part in (text or "").splitlines() if part.strip()]
        return Markup("").join(Markup("<p>{}</p>").format(escape(part)) for part in parts)


_WORDS: dict[Language, Words] = {"zh": Words("zh"), "en": Words("en")}
_METHODS = [name for name in vars(Words) if not name.startswith("_")]


def words(language: Language) -> Words:
    """The formatters of a language."""
    return _WORDS[language]


def render(template: str, language: Language, context: dict[str, Any]) -> str:
    """A page; the context's values are escaped where they are shown."""
    chosen = _WORDS[language]
    formatters = {name: getattr(chosen, name) for name in _METHODS}
    return _ENVIRONMENT.get_template(template).render({"lang": language, **formatters, **context})
