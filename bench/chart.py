"""Bars in SVG, a group a row, each relative to the longest of its group."""

from xml.sax.saxutils import escape

WIDTH, LEFT, BAR, GAP = 760, 110, 18, 14
COLOURS = {"missived": "#b3202c"}


def draw(groups):
    """groups: (title, unit, more is better, {server: value})"""
    parts, y = [], 20
    for title, unit, more, values in groups:
        parts.append(f'<text x="10" y="{y}" font-weight="bold">{escape(title)}</text>')
        y += 16
        parts.append(f'<text x="10" y="{y}" fill="#666">{escape(unit)}, {"more" if more else "less"} is better</text>')
        y += 8
        for name, value in values.items():
            length = (WIDTH - LEFT - 120) * value / (max(values.values()) or 1)
            number = f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
            parts.append(f'<text x="{LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(name)}</text>'
                         f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR - 4}" '
                         f'fill="{COLOURS.get(name, "#8899aa")}"/>'
                         f'<text x="{LEFT + length + 6:.1f}" y="{y + 13}">{number}</text>')
            y += BAR
        y += GAP + 12
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" font-family="sans-serif" font-size="12">'
            f'<rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>\n')
