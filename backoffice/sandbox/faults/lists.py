"""Faults of lists: pages that shift, repeat or never end, totals that lie, cursors that lead in a circle."""

from dataclasses import dataclass

from backoffice.sandbox.faults.scene import Scene, kind
from backoffice.sandbox.messages import Json, Reply


@kind("shift_pages")
@dataclass(frozen=True)
class ShiftPages:
    """Serve pages as if `rows` rows had come in at the front meanwhile (or gone, below zero)."""

    rows: int = 1

    def play(self, scene: Scene) -> Reply:
        return scene.proceed(rows_shifted=self.rows)


@kind("repeat_page")
@dataclass(frozen=True)
class RepeatPage:
    """Serve the rows of one page whatever page is asked for, reporting the page asked for."""

    page: int = 1

    def play(self, scene: Scene) -> Reply:
        return scene.proceed(page_served=self.page)


@kind("ignore_page_size")
@dataclass(frozen=True)
class IgnorePageSize:
    """Use and report another page size than the one asked for."""

    page_size: int = 20

    def play(self, scene: Scene) -> Reply:
        return scene.proceed(page_size=self.page_size)


@kind("never_ending")
@dataclass(frozen=True)
class NeverEnding:
    """Serve the first page for ever, with a total that always promises one more."""

    def play(self, scene: Scene) -> Reply:
        reply = scene.proceed(page_served=1)
        content = reply.json
        return _changed(reply, total=(content.get("page", 1) + 1) * content.get("page_size", 1))


@kind("wrong_total")
@dataclass(frozen=True)
class WrongTotal:
    """Report a total that is off by `delta`."""

    delta: int = 1

    def play(self, scene: Scene) -> Reply:
        reply = scene.proceed()
        name = "total_count" if scene.is_bitnob else "total"
        return _changed(reply, **{name: _page(reply.json).get(name, 0) + self.delta})


@kind("empty_page")
@dataclass(frozen=True)
class EmptyPage:
    """Serve a page without rows, all else as it should be."""

    def play(self, scene: Scene) -> Reply:
        return _changed(scene.proceed(), **{"transactions" if scene.is_bitnob else "items": []})


@kind("loop_cursor")
@dataclass(frozen=True)
class LoopCursor:
    """Name the cursor the request came with as the next one; the first page names its own."""

    def play(self, scene: Scene) -> Reply:
        reply = scene.proceed()
        came_with = scene.request.query.get("cursor")
        return _changed(reply, next_cursor=came_with or _page(reply.json).get("next_cursor"), has_more=True)


@kind("no_more")
@dataclass(frozen=True)
class NoMore:
    """Say `has_more: false` beside the cursor of the next page."""

    def play(self, scene: Scene) -> Reply:
        return _changed(scene.proceed(), has_more=False)


def _page(content: Json) -> dict[str, Json]:
    """Return the part of an answer that holds the paging fields: all of CoinMENA's, `data` of Bitnob's."""
    page: dict[str, Json] = content.get("data", content)
    return page


def _changed(reply: Reply, **changes: Json) -> Reply:
    if reply.status != 200:
        return reply
    content = reply.json
    _page(content).update(changes)
    return reply.with_json(content)
