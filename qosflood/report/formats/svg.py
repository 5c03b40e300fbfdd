"""The pieces of a hand-written SVG: words, boxes and lines in the light colours of our pages. Pure.

No font of its own is known here, so widths are guessed on the wide side; every word is escaped.
"""

import html
import math

from qosflood.base.text import clip, printable

COLOURS = {
    "page": "#ffffff",
    "panel": "#f6f7f9",
    "text": "#1c2430",
    "muted": "#5a6472",
    "rule": "#dfe3e8",
    "good": "#14713f",
    "bad": "#b52a23",
    "warn": "#8a5204",
    "good-tint": "#e8f5ee",
    "bad-tint": "#fcecea",
    "warn-tint": "#fdf3e1",
    "offered": "#2563a8",
    "acked": "#177547",
    "violet": "#6b4fa8",
    "teal": "#0f716e",
}
"""The light colours of common.css, by name."""
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
EM = 0.58
"""Width of a character in font sizes, on the wide side: no font is known here."""


def wrapped(words: str, size: float, width: float, most: int) -> list[str]:
    """`words` in at most `most` lines of `width`; what does not fit ends in an ellipsis."""
    room = max(8, int(width / (size * EM)))
    lines = [""]
    for word in printable(words).split(" "):
        joined = f"{lines[-1]} {word}".strip()
        if len(joined) <= room:
            lines[-1] = joined
        else:
            lines.append(word)
    kept = [clip(line, room) for line in lines if line][:most]
    if len([line for line in lines if line]) > most:
        kept[-1] = clip(f"{kept[-1]} …", room)
    return kept


def text(
    x: float, y: float, words: str, size: float, color: str, *, anchor: str = "", bold: bool = False
) -> str:
    """Words on one line, their baseline at `y`."""
    side = f' text-anchor="{anchor}"' if anchor else ""
    weight = ' font-weight="700"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{COLOURS[color]}"{side}{weight}>'
        f"{esc(words)}</text>"
    )


def rect(x: float, y: float, width: float, height: float, color: str, opacity: float = 1.0) -> str:
    """A filled box."""
    thin = f' fill-opacity="{opacity:g}"' if opacity < 1 else ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'fill="{COLOURS[color]}"{thin}/>'
    )


def stroke(path: str, color: str, width: float, dash: str = "") -> str:
    """A line along `path`."""
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<path d="{path}" fill="none" stroke="{COLOURS[color]}" stroke-width="{width:g}" '
        f'stroke-linejoin="round"{dashed}/>'
    )


def filled(path: str, color: str) -> str:
    """What lies within `path`."""
    return f'<path d="{path}" fill="{COLOURS[color]}"/>'


def esc(words: str) -> str:
    """Words as XML."""
    return html.escape(printable(words))


def place(value: float, low: float, high: float, log: bool) -> float:
    """Where a value lies on a scale: 0 is its low end, 1 its high one."""
    if log:
        value = max(value, low)
        return math.log10(value / low) / math.log10(high / low)
    return (value - low) / (high - low)


def ticks(low: float, high: float, log: bool) -> list[float]:
    """A few round figures."""
    if log:
        first, last = round(math.log10(low)), round(math.log10(high))
        if last - first == 1:
            return [low, 2 * low, 5 * low]
        step = max(1, math.ceil((last - first) / 4))
        return [10.0**power for power in range(first, last + 1, step)][:-1]
    power = 10.0 ** math.floor(math.log10(high))
    unit = next(u for u in (power / 5, power / 2, power, 2 * power) if high / u <= 5)
    return [unit * index for index in range(1, int(high / unit) + 1)]
