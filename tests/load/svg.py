"""svg: plots as plain SVG: lines over a linear or logarithmic axis, and bars."""
import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 80, 200, 50, 60
COLOURS = ("#1b6ca8", "#c8553d", "#3a7d44", "#7b4b94", "#b58900", "#555555")
HEAD = ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" '
        'font-family="sans-serif" font-size="13">\n<rect width="100%%" height="100%%" fill="white"/>\n'
        % (WIDTH, HEIGHT, WIDTH, HEIGHT))


def number(value):
    """As one reads it: 1,000 or 0.25."""
    if value >= 100 or value == int(value):
        return "{:,.0f}".format(value)
    return "%.3g" % value


def text(x, y, words, anchor="middle", more=""):
    return '<text x="%.1f" y="%.1f" text-anchor="%s" %s>%s</text>\n' % (x, y, anchor, more,
                                                                       escape(words))


def line(x1, y1, x2, y2, colour="#dddddd", width=1):
    return '<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-width="%s"/>\n' % (
        x1, y1, x2, y2, colour, width)


def ticks(most):
    """Round steps from 0 to at least `most`."""
    step = 10 ** math.floor(math.log10(most / 4)) if most > 0 else 1
    step *= next(f for f in (1, 2, 5, 10) if f * step * 4 >= most * 0.8)
    return [i * step for i in range(math.ceil(most / step) + 1)]


class Axes:
    """Where values lie on the sheet."""

    def __init__(self, chart):
        self.xs = sorted({x for s in chart["series"] for x, _ in s["points"]})
        self.log = chart.get("log_x", False)
        self.y_ticks = ticks(max(y for s in chart["series"] for _, y in s["points"]))

    def x(self, value):
        low, high = self.place(self.xs[0]) if self.log else 0, self.place(self.xs[-1])
        part = (self.place(value) - low) / ((high - low) or 1)
        return LEFT + part * (WIDTH - LEFT - RIGHT)

    def place(self, value):
        return math.log10(value) if self.log else value

    def y(self, value):
        return HEIGHT - BOTTOM - value / self.y_ticks[-1] * (HEIGHT - TOP - BOTTOM)

    def x_ticks(self):
        if self.log:
            return self.xs
        return [t for t in ticks(self.xs[-1]) if t <= self.xs[-1]]


def frame(chart, axes):
    out = text(LEFT, 28, chart["title"], "start", 'font-size="17" font-weight="bold"')
    for t in axes.y_ticks:
        out += line(LEFT, axes.y(t), WIDTH - RIGHT, axes.y(t))
        out += text(LEFT - 8, axes.y(t) + 4, number(t), "end")
    out += line(LEFT, axes.y(0), WIDTH - RIGHT, axes.y(0), "#333333", 1.5)
    out += text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, chart["x"])
    middle = (TOP + HEIGHT - BOTTOM) / 2
    return out + text(22, middle, chart["y"], more='transform="rotate(-90 22 %.1f)"' % middle)


def legend(chart):
    out = ""
    for i, series in enumerate(chart["series"]):
        y, colour = TOP + 20 + 22 * i, COLOURS[i % len(COLOURS)]
        out += line(WIDTH - RIGHT + 14, y - 4, WIDTH - RIGHT + 34, y - 4, colour, 3)
        out += text(WIDTH - RIGHT + 40, y, series["name"], "start")
    return out


def curves(chart):
    """chart: title, x, y (labels), log_x, series: a list of name and points."""
    axes = Axes(chart)
    out = HEAD + frame(chart, axes)
    for t in axes.x_ticks():
        out += line(axes.x(t), axes.y(0), axes.x(t), axes.y(0) + 5, "#333333")
        out += text(axes.x(t), axes.y(0) + 20, number(t))
    for i, series in enumerate(chart["series"]):
        colour = COLOURS[i % len(COLOURS)]
        places = [(axes.x(x), axes.y(y)) for x, y in series["points"]]
        out += '<polyline fill="none" stroke="%s" stroke-width="2" points="%s"/>\n' % (
            colour, " ".join("%.1f,%.1f" % p for p in places))
        for x, y in places:
            out += '<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"/>\n' % (x, y, colour)
    return out + legend(chart) + "</svg>\n"


def bars(chart):
    """chart: title, x, y, names, series: a list of name and points, which are (index of a name,
    value)."""
    axes, count = Axes(chart), len(chart["series"])
    group = (WIDTH - LEFT - RIGHT) / len(chart["names"])
    wide = group * 0.8 / count
    out = HEAD + frame(chart, axes)
    for n, name in enumerate(chart["names"]):
        out += text(LEFT + (n + 0.5) * group, axes.y(0) + 20, name)
    for i, series in enumerate(chart["series"]):
        for n, value in series["points"]:
            x = LEFT + n * group + group * 0.1 + i * wide
            out += '<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>\n' % (
                x, axes.y(value), wide * 0.94, axes.y(0) - axes.y(value), COLOURS[i])
            out += text(x + wide / 2, axes.y(value) - 5, number(value), more='font-size="11"')
    return out + legend(chart) + "</svg>\n"


def draw(chart):
    return bars(chart) if "names" in chart else curves(chart)
