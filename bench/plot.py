"""The two plots of docs/, as SVG by hand: what an update costs the server, against readers and against size."""

import math
from collections.abc import Callable, Mapping, Sequence

from bench.measure import Figures
from bench.scenarios import Run

WIDTH, HEIGHT = 800, 440
LEFT, RIGHT, TOP, BOTTOM = 70, 250, 50, 60
"""Room for the axes, and on the right for the names beside the lines' ends."""

NAME_HEIGHT = 16
"""Names of lines that end close together are moved apart by this."""

COLOURS = ("#888888", "#0b6e99", "#c2541b", "#3fa7d6", "#e59a5f")
"""Told apart by lightness too; the contestants' order is that of the runs."""

STYLE = "text{font:13px system-ui,sans-serif;fill:#333}.title{font-size:16px;font-weight:600}.grid{stroke:#ddd}"

Point = tuple[float, float]


def by_readers(figures: Mapping[Run, Figures]) -> str:
    lines = _lines(figures, lambda run, found: run.load.readers)
    return _svg("CPU time of the server for each delivered update", "readers of one message", lines, _count)


def by_size(figures: Mapping[Run, Figures]) -> str:
    lines = _lines(figures, lambda run, found: found.text_bytes)
    return _svg(
        "CPU time of the server for each delivered update", "mean size of an update, 100 readers", lines, _bytes
    )


PLOTS: dict[str, Callable[[Mapping[Run, Figures]], str]] = {"readers": by_readers, "size": by_size}


def _lines(figures: Mapping[Run, Figures], x: Callable[[Run, Figures], float]) -> dict[str, list[Point]]:
    lines: dict[str, list[Point]] = {}
    for run, found in figures.items():
        lines.setdefault(run.label, []).append((x(run, found), found.cpu_us))
    return {label: sorted(points) for label, points in lines.items()}


def _svg(title: str, x_title: str, lines: Mapping[str, Sequence[Point]], x_label: Callable[[float], str]) -> str:
    points = [point for line in lines.values() for point in line]
    x = _Scale([at for at, _ in points], LEFT, WIDTH - RIGHT)
    y = _Scale([at for _, at in points], HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{title}, against {x_title}</title><style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text class="title" x="{LEFT}" y="28">{title}</text>',
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 16}" text-anchor="middle">{x_title}</text>',
    ]
    for at in x.decades():
        parts.append(f'<line class="grid" x1="{x(at):.1f}" x2="{x(at):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
        parts.append(f'<text x="{x(at):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{x_label(at)}</text>')
    for at in y.decades():
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(at):.1f}" y2="{y(at):.1f}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y(at) + 4:.1f}" text-anchor="end">{_time(at)}</text>')
    names_at = _apart({label: y(line[-1][1]) for label, line in lines.items()})
    for colour, (label, line) in zip(COLOURS, lines.items(), strict=False):
        path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in line)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        parts += [f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="3.5" fill="{colour}"/>' for a, b in line]
        parts.append(
            f'<text x="{x(line[-1][0]) + 10:.1f}" y="{names_at[label] + 4:.1f}" style="fill:{colour}">{label}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


class _Scale:
    """Logarithmic, over whole decades."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        self.low = math.floor(math.log10(min(values)))
        self.high = max(self.low + 1, math.ceil(math.log10(max(values))))
        self.start, self.end = start, end

    def __call__(self, value: float) -> float:
        return self.start + (self.end - self.start) * (math.log10(value) - self.low) / (self.high - self.low)

    def decades(self) -> list[float]:
        return [10.0**power for power in range(self.low, self.high + 1)]


def _apart(places: Mapping[str, float]) -> dict[str, float]:
    """The same places, moved down where they are too close to the one above."""
    free = 0.0
    moved = {}
    for label, place in sorted(places.items(), key=lambda item: item[1]):
        moved[label] = max(place, free)
        free = moved[label] + NAME_HEIGHT
    return moved


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _bytes(value: float) -> str:
    return f"{value / 1e6:g} MB" if value >= 1e6 else f"{value / 1e3:g} kB" if value >= 1e3 else f"{value:g} B"


def _time(microseconds: float) -> str:
    return f"{microseconds / 1e3:g} ms" if microseconds >= 1e3 else f"{microseconds:g} µs"
