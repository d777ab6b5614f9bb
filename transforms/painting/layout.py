"""Painting annotations into the picture just before it is encoded or sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

import cv2
import numpy as np

from cameras import Annotation, BoundingBox, Color, Frame, Label, Mask, Points

from .colors import palette_color, readable_on, rgb
from .style import Style
from .surface import Disc, Line, Plate, Rectangle, draw_outline, plate_for, plate_height, plate_padding, surface_for
from .text import clean, shortened, wrapped

MASK_SEARCH_PX = 96  # masks are scaled down to this size to find a position for their label
SURE = 0.5  # points with a lower confidence are hollow, and their lines thinner
SKELETON_LINES = 40  # a skeleton is at least so many lines wide or high: on a small object a line is thinner


def paint(frame: Frame, style: Style) -> Frame:
    """Return a frame with the annotations painted into a copy of the picture and removed from the data.

    Masks come first, then boxes, then lines, then points, each in the order of the annotations, then the label plates:
    titles in lines from the upper left corner, subtitles at the bottom, box labels above their box or where there is
    room, mask labels in the middle of their mask. All positions but those of lines and skeletons are even, so that YUV
    4:2:0 and BGR pictures look the same. A frame without annotations is returned unchanged.
    """
    if not frame.annotations:
        return frame
    layout = LabelLayout(frame.width, frame.height, style)
    layout.add(frame.annotations)
    surface = surface_for(frame.pixels)
    for mask, color in layout.masks:
        surface.tint(mask, color, style.mask_opacity, max(layout.line_width // 2, 1))
    for rectangle, color in layout.outlines:
        draw_outline(surface, rectangle, layout.line_width, color)
    for line, color in layout.lines:
        surface.draw(line, color)
    for disc, color in layout.discs:
        surface.draw(disc, color)
    for dot, color in layout.dots:
        surface.fill(dot, color)
    for plate, x, y in layout.plates:
        surface.lay(plate, x, y)
    return frame.with_pixels(surface.pixels(), annotations=())


@dataclass
class LabelLayout:
    """The canvas that computes where to paint what on a picture of one size. It touches no pixels."""

    width: int
    height: int
    style: Style
    masks: list[tuple[Mask, Color]] = field(default_factory=list)
    outlines: list[tuple[Rectangle, Color]] = field(default_factory=list)
    lines: list[tuple[Line, Color]] = field(default_factory=list)
    discs: list[tuple[Disc, Color]] = field(default_factory=list)
    dots: list[tuple[Rectangle, Color]] = field(default_factory=list)
    plates: list[tuple[Plate, int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.size = self.style.text_size(self.height)
        self.line_width = self.style.line_width(self.width, self.height)
        self._labels: list[tuple[Rectangle, Label, Color]] = []
        self._titles: list[Label] = []
        self._subtitles: list[Label] = []
        self._taken: dict[int, list[Rectangle]] = {}  # by the row of plates that contains their upper edge

    def add(self, annotations: Iterable[Annotation]) -> None:
        """Let each annotation paint itself, in order, then find a position for each label."""
        for annotation in annotations:
            annotation.paint(self)
        self._put_subtitles()
        last = len(self.plates)
        self._put_titles()
        for rectangle, label, color in self._labels:
            self._put_label(rectangle, label, color)
        self.plates = [*self.plates[last:], *self.plates[:last]]  # subtitles cover labels that found no room

    def mask(self, mask: Mask, label: Label) -> None:
        """Tint a mask, with the label in the middle of it."""
        color = self._color(label)
        self.masks.append((mask, color))
        self._labels.append((self._middle(mask), label, color))

    def box(self, box: BoundingBox, label: Label) -> None:
        """Draw the edges of the visible part of a box, with the label above."""
        rectangle = self._rectangle(box)
        if rectangle is not None:
            color = self._color(label)
            self.outlines.append((rectangle, color))
            self._labels.append((rectangle, label, color))

    def points(self, points: Points, label: Label) -> None:
        """Draw a dot on each point in the picture, with the label above them all."""
        inside = points[((points >= 0) & (points < 1)).all(axis=1)]
        dots = [self._dot(x, y) for x, y in inside.tolist()]
        if dots:
            color = self._color(label)
            self.dots += [(dot, color) for dot in dots]
            left, top, right, bottom = zip(*dots, strict=True)
            self._labels.append(((max(min(left), 0), max(min(top), 0), max(right), max(bottom)), label, color))

    def polygon(self, points: Points, label: Label) -> None:
        """Draw the edges of a polygon, with the label above its visible part."""
        low, high = points.min(axis=0, initial=np.inf), points.max(axis=0, initial=-np.inf)
        rectangle = self._rectangle(BoundingBox(*low.tolist(), *high.tolist()))
        if rectangle is not None:
            color = self._color(label)
            width = min(self.line_width, max((rectangle[2] - rectangle[0] + rectangle[3] - rectangle[1]) // 8, 1))
            self.lines.append((Line(self._pixels(points), width, closed=True), color))
            self._labels.append((rectangle, label, color))

    def skeleton(
        self, points: Points, confidences: Sequence[float], lines: Sequence[tuple[int, int]], label: Label
    ) -> None:
        """Draw the lines of a skeleton, and a disc with a contrasting edge on each point, with the label above."""
        inside = ((points >= 0) & (points <= 1)).all(axis=1) & (np.array(confidences) > 0)
        if not inside.any():
            return
        low, high = points[inside].min(axis=0), points[inside].max(axis=0)
        rectangle = self._rectangle(BoundingBox(*(low - 1e-6).tolist(), *(high + 1e-6).tolist()))
        if rectangle is None:
            return
        color = self._color(label)
        extent = max(rectangle[2] - rectangle[0], rectangle[3] - rectangle[1])
        line = min(self.line_width, max(extent // SKELETON_LINES, 1))
        places = self._pixels(points)
        sure = [confidence >= SURE for confidence in confidences]
        for first, second in lines:
            if inside[first] and inside[second]:
                width = line if sure[first] and sure[second] else max(line // 2, 1)
                self.lines.append((Line((places[first], places[second]), width), color))
        radius, edge = line + 1, max(line // 2, 1)
        for place in np.flatnonzero(inside).tolist():
            self.discs.append((Disc(places[place], radius + edge), readable_on(color)))
            self.discs.append((Disc(places[place], radius), color))
            if not sure[place]:
                self.discs.append((Disc(places[place], max(radius - edge, 1)), readable_on(color)))
        reach = _even(radius + edge + 1)
        above = (max(rectangle[0] - reach, 0), max(rectangle[1] - reach, 0), rectangle[2], rectangle[3] + reach)
        self._labels.append((above, label, color))

    def title(self, label: Label) -> None:
        """Add a line of text in the upper left corner."""
        self._titles.append(label)

    def subtitle(self, label: Label) -> None:
        """Add a line of text at the bottom."""
        self._subtitles.append(label)

    def _pixels(self, points: Points) -> tuple[tuple[float, float], ...]:
        """Return points in pixels."""
        return tuple((x * self.width, y * self.height) for x, y in points.tolist())

    def _dot(self, x: float, y: float) -> Rectangle:
        """Return a square around a point, twice as wide as a line."""
        across, down = _even(x * self.width), _even(y * self.height)
        return across - self.line_width, down - self.line_width, across + self.line_width, down + self.line_width

    def _put_subtitles(self) -> None:
        """Place the texts at the bottom, long ones wrapped; they take at most half of the picture's height."""
        room = self.width - 2 * plate_padding(self.size) - 2
        most = max(self.height // 2 // plate_height(self.size), 1)
        lines = [
            (line, label)
            for label in self._subtitles
            for line in wrapped(clean(label.text) + label.figures, room, self.size, self.style.font)
        ]
        if len(lines) > most:
            (line, label), (following, _) = lines[most - 1 : most + 1]
            rest = f"{line} {following}"  # too long, so that an ellipsis marks the cut
            lines = [*lines[: most - 1], (shortened(rest, "", room, self.size, self.style.font), label)]
        y = _even(self.height - len(lines) * plate_height(self.size) - self.size / 4)
        for line, label in lines:
            plate = self._plate(line, self._color(label))
            self._put(plate, _even((self.width - plate.width) / 2), y)
            y += plate.height

    def _middle(self, mask: Mask) -> Rectangle:
        """Return an empty rectangle just below the innermost point of a mask; the label above it is centred there."""
        rows, columns = mask.shape
        scale = min(1.0, MASK_SEARCH_PX / max(rows, columns))
        size = (max(round(columns * scale), 1), max(round(rows * scale), 1))
        small = cv2.copyMakeBorder(cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST), 1, 1, 1, 1, 0)
        _, _, _, (x, y) = cv2.minMaxLoc(cv2.distanceTransform(small, cv2.DIST_L2, 3))
        across = _even((x - 0.5) / size[0] * self.width)
        down = _even((y - 0.5) / size[1] * self.height + plate_height(self.size) / 2)
        return across, down, across, down

    def _put_titles(self) -> None:
        """Place the titles one below the other, long ones wrapped; lines below the picture are dropped."""
        margin = y = _even(self.size / 2)
        room = self.width - margin - 2 * plate_padding(self.size) - 2
        for label in self._titles:
            color = self._color(label)
            for line in wrapped(clean(label.text) + label.figures, room, self.size, self.style.font):
                if y >= self.height:
                    return
                self._put(self._plate(line, color), margin, y)
                y += plate_height(self.size)
            y += max(2, _even(self.size / 8))

    def _put_label(self, rectangle: Rectangle, label: Label, color: Color) -> None:
        """Place a label where it covers no other: above its box, inside at the top, below, or inside at the bottom."""
        if not label.text and not label.figures:
            return
        x_min, y_min, x_max, y_max = rectangle
        room = self.width - 2 * plate_padding(self.size) - 2
        text = shortened(clean(label.text), label.figures, room, self.size, self.style.font)
        plate = self._plate(text, color)
        if x_min == x_max:  # the middle of a mask
            x_min -= plate.width // 2
        x = max(min(_even(x_min), _even(self.width - plate.width)), 0)
        inside, lowest = y_min if y_min > 0 else 0, _even(self.height - plate.height)
        preferred = [y_min - plate.height, inside, y_max + y_max % 2, _even(y_max - plate.height)]
        places = [y for y in preferred if 0 <= y <= lowest] or [0]
        for y in places:
            if not self._is_taken((x, y, x + plate.width, y + plate.height)):
                break
        else:
            y = places[0]
        self._put(plate, x, y)

    def _plate(self, text: str, color: Color) -> Plate:
        text_color = self.style.text_color
        return plate_for(
            text, self.size, self.style.font, color, readable_on(color) if text_color == "auto" else rgb(text_color)
        )

    def _put(self, plate: Plate, x: int, y: int) -> None:
        self.plates.append((plate, x, y))
        self._taken.setdefault(y // plate.height, []).append((x, y, x + plate.width, y + plate.height))

    def _is_taken(self, place: Rectangle) -> bool:
        x_min, y_min, x_max, y_max = place
        row = y_min // (y_max - y_min)  # all plates have the same height, so only adjacent rows can overlap this one
        near = chain.from_iterable(self._taken.get(near, ()) for near in (row - 1, row, row + 1))
        return any(x_min < c and a < x_max and y_min < d and b < y_max for a, b, c, d in near)

    def _rectangle(self, box: BoundingBox) -> Rectangle | None:
        """Return the pixels of a box, expanded to even coordinates; ``None`` outside the picture."""
        inside = box.clipped()
        if inside is None:
            return None
        x_min, y_min, x_max, y_max = inside.to_pixels(self.width, self.height)
        return (
            x_min - x_min % 2,
            y_min - y_min % 2,
            min(x_max + x_max % 2, self.width),
            min(y_max + y_max % 2, self.height),
        )

    def _color(self, label: Label) -> Color:
        if label.color is not None:
            return label.color
        names, color = label.names or (label.text,), self.style.color
        if self.style.colors:
            by_label = {name.casefold(): color for name, color in self.style.colors.items()}
            color = next((by_label[name.casefold()] for name in names if name.casefold() in by_label), color)
        return palette_color(names[-1].lower()) if color == "auto" else rgb(color)


def _even(value: float) -> int:
    return max(int(value) // 2 * 2, 0)
