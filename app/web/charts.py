"""Charts as SVG that the server draws: bars, and a line above them on its own scale.

A chart never stands alone: it has a text alternative, and its figures stand in a table below it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

WIDTH = 640
_TOP, _LEFT, _BOTTOM, _RIGHT = 22, 12, 30, 12
_ROW = 26
_LABEL = 190
_NUMBER = 120
_SPAN_LABEL = 130
_SPAN_TEXT = 200


@dataclass(frozen=True)
class Point:
    """A figure: what it is of, its size, and how it is written; None is withheld."""

    label: str
    value: int | None
    text: str


def column_chart(
    points: Sequence[Point],
    title: str,
    line: Sequence[Point] = (),
    line_name: str = "",
    *,
    one_scale: bool = False,
) -> Markup:
    """Upright bars, with a line of other figures over them: on its own scale, or on the same."""
    height = 240
    floor = height - _BOTTOM
    step = (WIDTH - _LEFT - _RIGHT) / max(1, len(points))
    highest = _highest([*points, *line] if one_scale else points)
    parts = [_grid(floor)]
    labels: list[Markup] = []
    for index, point in enumerate(points):
        tall = (floor - _TOP - 14) * (point.value or 0) / highest
        x = _LEFT + index * step
        middle = x + step / 2
        parts.append(
            Markup(
                '<rect class="bar" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>'
            ).format(x + step * 0.18, floor - tall, step * 0.64, tall)
        )
        labels.append(_text(middle, floor - tall - 5, point.text, "value", "middle"))
        labels.append(_text(middle, height - 10, point.label, "", "middle"))
    if line:
        scale = highest if one_scale else _highest(line) / 0.92
        parts.append(_line(line, step, floor, scale))
    return _svg(height, title, _described([*points, *line], line_name), [*parts, *labels])


def bar_chart(points: Sequence[Point], title: str) -> Markup:
    """Lying bars, for names that are long."""
    height = _ROW * max(1, len(points)) + 8
    room = WIDTH - _LABEL - _NUMBER
    highest = _highest(points)
    parts: list[Markup] = []
    for index, point in enumerate(points):
        y = 4 + index * _ROW
        wide = room * (point.value or 0) / highest
        parts.append(_text(_LABEL - 8, y + 17, point.label, "", "end"))
        parts.append(
            _bar(_LABEL, y + 4, wide, _ROW - 8),
        )
        parts.append(_text(_LABEL + wide + 6, y + 17, point.text, "value", "start"))
    return _svg(height, title, _described(points, ""), parts)


@dataclass(frozen=True)
class Span:
    """A range of figures: what it is of, its ends, and how they are written."""

    label: str
    low: int
    high: int
    text: str


def span_chart(spans: Sequence[Span], base: int, title: str) -> Markup:
    """Lying bars from one figure to another, with a line at the base: ranges, or a tornado."""
    height = _ROW * max(1, len(spans)) + 8
    room = WIDTH - _SPAN_LABEL - _SPAN_TEXT
    low = min([base, *(span.low for span in spans)])
    width = max(1, max([base, *(span.high for span in spans)]) - low)
    parts: list[Markup] = []
    for index, span in enumerate(spans):
        y = 4 + index * _ROW
        x = _SPAN_LABEL + room * (span.low - low) / width
        parts.append(_text(_SPAN_LABEL - 8, y + 17, span.label, "", "end"))
        parts.append(_bar(x, y + 4, max(1.0, room * (span.high - span.low) / width), _ROW - 8))
        parts.append(_text(WIDTH - _SPAN_TEXT + 6, y + 17, span.text, "value", "start"))
    x = _SPAN_LABEL + room * (base - low) / width
    axis = Markup('<line class="axis" x1="{:.1f}" x2="{:.1f}" y1="2" y2="{}"/>')
    parts.append(axis.format(x, x, height - 2))
    said = "; ".join(f"{span.label} {span.text}" for span in spans)
    return _svg(height, title, said, parts)


def _bar(x: float, y: float, width: float, height: float) -> Markup:
    shape = Markup('<rect class="bar" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>')
    return shape.format(x, y, width, height)


def _highest(points: Sequence[Point]) -> int:
    return max([1, *(point.value or 0 for point in points)])


def _described(points: Sequence[Point], line_name: str) -> str:
    said = "; ".join(f"{point.label} {point.text}" for point in points)
    return f"{said} ({line_name})" if line_name else said


def _grid(floor: int) -> Markup:
    lines = [
        Markup('<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>').format(
            _LEFT,
            WIDTH - _RIGHT,
            _TOP + (floor - _TOP) * part / 4,
            _TOP + (floor - _TOP) * part / 4,
        )
        for part in range(4)
    ]
    axis = Markup('<line class="axis" x1="{}" x2="{}" y1="{}" y2="{}"/>')
    return Markup("").join([*lines, axis.format(_LEFT, WIDTH - _RIGHT, floor, floor)])


def _line(points: Sequence[Point], step: float, floor: int, highest: float) -> Markup:
    spots = [
        (
            _LEFT + (index + 0.5) * step,
            floor - (floor - _TOP - 14) * (point.value or 0) / highest,
        )
        for index, point in enumerate(points)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
    dots = [
        Markup('<circle class="dot" cx="{:.1f}" cy="{:.1f}" r="4"/>').format(x, y) for x, y in spots
    ]
    return Markup('<polyline class="line" points="{}"/>').format(path) + Markup("").join(dots)


def _text(x: float, y: float, text: str, kind: str, anchor: str) -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
        kind, x, y, anchor, text
    )


def _svg(height: int, title: str, description: str, parts: Sequence[Markup]) -> Markup:
    return (
        Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
            WIDTH, height, title
        )
        + Markup("<desc>{}</desc>").format(description)
        + Markup("").join(parts)
        + Markup("</svg>")
    )
