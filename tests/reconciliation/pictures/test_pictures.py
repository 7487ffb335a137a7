"""The page of figures: what each drawing counts, who sees it, what it costs, how it is drawn either way round."""

import re
from datetime import date, timedelta
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from backoffice.accounts.models import Person
from backoffice.reconciliation.days import queries
from backoffice.reconciliation.exceptions.severity import LARGE
from backoffice.reconciliation.models import Day, DayState, ExceptionItem, ExceptionState, Resolution, Run
from backoffice.reconciliation.pictures import bars, page, piles, rates
from backoffice.reconciliation.pictures.piles import Pair
from backoffice.reconciliation.services import exceptions
from tests.reconciliation.days import cast

pytestmark = pytest.mark.usefixtures("db")
HERE = "/reconciliation/pictures/"
TODAY = date(2026, 11, 21)


@pytest.fixture
def run(db: None) -> Run:
    cast.orders_read()
    cast.paid("dep-1")
    return cast.run_of()


def item(run: Run, **details: object) -> ExceptionItem:
    """An exception of `run` as `details` want it; its day is before everything it is later moved to."""
    made = cast.exception(run, day=details.pop("day", TODAY))  # type: ignore[arg-type]
    ExceptionItem.objects.filter(pk=made.pk).update(**details)
    return made


def drawn(browser: Browser) -> str:
    answer = browser.get(HERE)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize(
    ("days", "band"), [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2), (7, 2), (8, 3), (30, 3), (31, 4), (400, 4)]
)
def test_an_exception_stands_in_the_band_of_its_age(run: Run, days: int, band: int) -> None:
    item(run, day=TODAY - timedelta(days=days))
    found = piles.piles(TODAY)
    assert [pair.total for pair in piles.by_age(found)] == [int(n == band) for n in range(5)]
    assert piles.band_of(days) == band


@pytest.mark.parametrize(
    ("asset", "at_risk", "band"),
    [
        ("USD", "10000", 0),
        ("USD", "9999.99", 1),
        ("USD", "1000", 1),
        ("USD", "999.999999", 2),
        ("USD", "100", 2),
        ("USD", "99.99", 3),
        ("USD", "0", 3),
        ("USD", None, 4),
        ("BHD", "4000", 0),
        ("BHD", "399", 2),
        ("BTC", "10000", 4),
        ("", None, 4),
    ],
)
def test_an_exception_stands_in_the_band_of_its_amount(run: Run, asset: str, at_risk: str | None, band: int) -> None:
    item(run, asset=asset, at_risk=Decimal(at_risk) if at_risk else None)
    assert [pair.total for pair in piles.by_size(piles.piles(TODAY))] == [int(n == band) for n in range(5)]


def test_the_bands_of_amounts_say_what_they_hold() -> None:
    assert LARGE["USD"] == 10000
    assert [str(label) for label in piles.SIZE_LABELS[:3]] == [
        "10,000 USD or more",
        "1,000 to 10,000 USD",
        "100 to 1,000 USD",
    ]


@pytest.mark.parametrize(
    ("state", "pair"),
    [
        (ExceptionState.OPEN, Pair(1, 0)),
        (ExceptionState.WAITING, Pair(1, 0)),
        (ExceptionState.CARRIED, Pair(0, 1)),
        (ExceptionState.RESOLVED, Pair(0, 0)),
        (ExceptionState.CLEARED, Pair(0, 0)),
    ],
)
def test_only_what_has_not_ended_counts(run: Run, maya: Person, state: str, pair: Pair) -> None:
    made = item(run)
    if state == ExceptionState.RESOLVED:
        cast.resolved(made, maya)
    elif state == ExceptionState.CARRIED:
        cast.resolved(made, maya, ExceptionState.CARRIED)
    elif state == ExceptionState.WAITING:
        exceptions.ask_to_force([made.pk], resolution=Resolution.ACCEPTED, text="Theirs stands.", by=maya)
    elif state != ExceptionState.OPEN:
        ended = timezone.now() if state == ExceptionState.CLEARED else None
        ExceptionItem.objects.filter(pk=made.pk).update(state=state, ended_at=ended)
    assert piles.by_age(piles.piles(TODAY))[0] == pair


def test_money_at_risk_adds_up_to_the_digit(run: Run, maya: Person) -> None:
    item(run, at_risk=Decimal("0.000000000000000001"))
    item(run, at_risk=Decimal("12345678901234567890.10"))
    cast.resolved(item(run, at_risk=Decimal("5.00")), maya, ExceptionState.CARRIED)
    item(run, asset="BTC", at_risk=Decimal("0.5"))
    item(run, at_risk=None)
    btc, usd = piles.risks(piles.piles(TODAY))
    assert (usd.to_do, usd.carried, usd.count) == (
        Decimal("12345678901234567890.100000000000000001"),
        Decimal("5.00"),
        3,
    )
    assert (btc.asset, btc.total, btc.is_scaled) == ("BTC", Decimal("0.5"), False)
    assert "Nobody has set one for BTC" in page.at_risk([btc, usd]).foot


def test_open_days_are_those_over_and_not_closed(maya: Person, omar: Person) -> None:
    cast.signed_day(maya, omar)
    after = cast.DATE + timedelta(days=3)
    assert sum(pair.total for pair in piles.open_days(after)) == 2
    assert piles.open_days(cast.DATE) == [Pair()] * 5


def test_a_prepared_day_waits_to_be_signed(run: Run, maya: Person) -> None:
    Day.objects.create(
        date=cast.DATE, zone=queries.zone().key, run=run, prepared_by=maya, prepared_at=timezone.now(),
        state=DayState.PREPARED,
    )  # fmt: skip
    assert piles.open_days(cast.DATE + timedelta(days=1))[0] == Pair(0, 1)


def test_no_operation_means_no_open_day() -> None:
    assert sum(pair.total for pair in piles.open_days(TODAY)) == 0


def test_the_page_draws_each_figure_with_its_table(client: Browser, run: Run, maya: Person) -> None:
    item(run, day=queries.day_of(timezone.now()), at_risk=Decimal("1234.50"))
    client.force_login(maya)
    shown = drawn(client)
    for key in ("match-rate", "by-age", "by-amount", "days-open", "at-risk"):
        section = shown.split(f'id="{key}"')[1].split("</section>")[0]
        assert section.count('<svg class="plot') in (0, 2)
        if '<svg class="plot' in section:
            assert "<desc" in section and "<table" in section and "<caption" in section
    assert "1,234.50" in shown
    assert "style=" not in shown.split("<main")[1]
    assert 'aria-current="page">Figures' in shown


def test_every_drawing_is_well_formed_and_named(client: Browser, run: Run, vera: Person) -> None:
    item(run, day=queries.day_of(timezone.now()))
    client.force_login(vera)
    shown = drawn(client)
    drawings = re.findall(r'<svg class="plot.*?</svg>', shown, re.DOTALL)
    assert len(drawings) >= 6
    ids = re.findall(r' id="([^"]+)"', shown.split("<main")[1].split("</main")[0])
    assert len(ids) == len(set(ids))
    for one in drawings:
        svg = ElementTree.fromstring(one)  # noqa: S314  (our own page)
        assert svg.attrib["role"] == "img"
        assert set(svg.attrib["aria-labelledby"].split()) <= set(ids)


@pytest.mark.parametrize(("who", "status"), [("maya", 200), ("omar", 200), ("vera", 200), ("adam", 403)])
def test_who_sees_the_figures(client: Browser, request: pytest.FixtureRequest, who: str, status: int) -> None:
    client.force_login(request.getfixturevalue(who))
    assert client.get(HERE).status_code == status


def test_the_page_costs_the_same_whatever_there_is(client: Browser, run: Run, maya: Person) -> None:
    client.force_login(maya)
    client.get(HERE)
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get(HERE)
    for days in range(12):
        item(run, day=TODAY - timedelta(days=days), asset=f"A{days}")
    cast.run_of()
    with CaptureQueriesContext(connection) as many:
        client.get(HERE)
    assert len(many) == len(few)
    assert not [one for one in many.captured_queries if "reconciliation_finding" in one["sql"]]


def test_nothing_to_draw_says_so(client: Browser, maya: Person) -> None:
    client.force_login(maya)
    shown = drawn(client)
    assert "No day was compared in the last 30 days." in shown
    assert "No open exceptions." in shown
    assert "No money is at risk." in shown


# Drawing --------------------------------------------------------------------------------------------------------------


LINES = [bars.Line("a", "3", (2.0, 1.0), "a: 3"), bars.Line("b", "0", (0.0, 0.0), "b: 0")]


def test_the_longest_bar_is_as_long_as_the_drawing() -> None:
    for plot in bars.draw(LINES):
        first, second = plot.bars
        assert sum(float(part.width) for part in first.segments) == pytest.approx(plot.width, abs=0.2)
        assert second.segments == ()


def test_what_is_little_can_be_seen_and_stays_inside() -> None:
    plot = bars.draw([bars.Line("a", "1", (1e9, 0.001), "")])[0]
    assert all(float(part.x) + float(part.width) <= plot.width + 0.1 for part in plot.bars[0].segments)
    assert float(bars.segments((0.0001, 0.0), 500, 1000.0, False)[0].width) == bars.LEAST


def test_bars_grow_from_the_right_where_one_reads_from_there() -> None:
    with translation.override("ar"):
        plot = bars.draw(LINES)[0]
    last = plot.bars[0].segments[0]
    assert float(last.x) + float(last.width) == pytest.approx(plot.width, abs=0.1)
    assert (plot.label_anchor, plot.label_x) == ("end", plot.width)


def rated(*shares: tuple[int, int] | None) -> list[rates.Rated]:
    """Days with so many matched of so many rows; None for one that nobody compared."""
    runs = [
        one and Run(counts={"matched": one[0], "amount_differs": one[1] - one[0]}, is_complete=True) for one in shares
    ]
    return [rates.Rated(TODAY + timedelta(days=n), run or None) for n, run in enumerate(runs)]


@pytest.mark.parametrize(
    ("shares", "floor"),
    [([(10, 10)], 99), ([(996, 1000)], 99), ([(99, 100)], 95), ([(9, 10), (1, 1)], 75), ([(0, 4)], 0), ([None], 99)],
)
def test_the_scale_begins_below_the_lowest_rate(shares: list[tuple[int, int] | None], floor: float) -> None:
    assert rates.floor_of(rated(*shares)) == floor


def test_a_day_that_was_not_compared_breaks_the_line() -> None:
    plot = rates.plot("only-l", 1080, rated((1, 1), (1, 2), None, (1, 1), (2, 2), (1, 2)), 1)
    assert len(plot.dots) == 5
    assert [len(points.split()) for points in plot.joined] == [2, 3]
    assert all(rates.TOP <= float(dot.y) <= rates.FLOOR for dot in plot.dots)


def test_a_rate_is_never_drawn_as_whole_when_it_is_not() -> None:
    plot = rates.plot("only-l", 1080, rated((99_999_999, 100_000_000), (1, 1)), 1)
    assert [dot.css for dot in plot.dots] == ["f-in", "f-pos"]


def test_a_partial_run_is_drawn_hollow() -> None:
    days = rated((1, 1))
    assert days[0].run is not None
    days[0].run.is_complete = False
    dot = rates.plot("only-l", 1080, days, 1).dots[0]
    assert dot.is_hollow
    assert "partial run" in dot.title
