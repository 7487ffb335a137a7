"""Which rows of a file are not those that were issued: by their marks, since the log keeps no rows."""

from array import array
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum


class Change(StrEnum):
    """What happened to the rows."""

    NONE = "none"
    UNSEEN = "unseen"  # no mark differs, and yet the digest does
    ROWS = "rows"  # as many as issued, some of them others
    ORDER = "order"  # the same ones, in another order
    ADDED = "added"
    REMOVED = "removed"
    REPLACED = "replaced"  # a region of rows stands where another stood


@dataclass(frozen=True)
class Region:
    """Rows one after the other, counted from one; none where ``count`` is 0, and then they would begin at ``first``."""

    first: int
    count: int

    @property
    def last(self) -> int:
        return self.first + self.count - 1


@dataclass(frozen=True)
class Comparison:
    """How the rows of a file differ from those issued.

    ``regions`` are those of the file that are no rows of the issued one at their place, ``issued`` the region that
    stood there, where as many rows are no longer there.
    """

    change: Change
    regions: tuple[Region, ...] = ()
    issued: Region | None = None

    @property
    def count(self) -> int:
        """How many rows of the file are not as issued."""
        return sum(region.count for region in self.regions)

    @property
    def places(self) -> list[int]:
        """Where they stand, counted from zero."""
        return [place for region in self.regions for place in range(region.first - 1, region.last)]


def compare(issued: "array[int]", found: "array[int]") -> Comparison:
    """Compare the marks of the issued rows with those of a file's."""
    if issued == found:
        return Comparison(Change.NONE)
    if len(issued) != len(found):
        return between_common_ends(issued, found)
    if Counter(issued) == Counter(found):
        return Comparison(Change.ORDER, differing(issued, found))
    return Comparison(Change.ROWS, differing(issued, found))


def differing(issued: "array[int]", found: "array[int]") -> tuple[Region, ...]:
    """Give the places at which two files of equally many rows differ."""
    regions: list[Region] = []
    for place, (one, other) in enumerate(zip(issued, found, strict=True), 1):
        if one == other:
            continue
        if regions and regions[-1].last == place - 1:
            regions[-1] = Region(regions[-1].first, regions[-1].count + 1)
        else:
            regions.append(Region(place, 1))
    return tuple(regions)


def between_common_ends(issued: "array[int]", found: "array[int]") -> Comparison:
    """Give what stands between the rows both files begin with and those both end with."""
    head = common(issued, found)
    tail = common(issued[head:][::-1], found[head:][::-1])
    here = Region(head + 1, len(found) - head - tail)
    there = Region(head + 1, len(issued) - head - tail)
    if not there.count:
        return Comparison(Change.ADDED, (here,), there)
    if not here.count:
        return Comparison(Change.REMOVED, (), there)
    return Comparison(Change.REPLACED, (here,), there)


def common(one: "array[int]", other: "array[int]") -> int:
    """Count the rows both begin with."""
    same = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        same += 1
    return same
