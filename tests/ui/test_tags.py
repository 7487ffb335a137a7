"""The small components: every digit, every zone, every shape, nothing of a stranger's unescaped."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django import forms
from django.template import Context, Template
from django.utils import timezone
from django.utils.translation import gettext_lazy

from backoffice.money import Money
from backoffice.ui.values import (
    Age,
    Amount,
    Badge,
    Direction,
    Effect,
    Lines,
    Link,
    Meaning,
    Named,
    Person,
    Reference,
)

NOW = datetime(2026, 11, 19, 11, 32, tzinfo=UTC)
HOSTILE = '"><script>alert(1)</script>'


def draw(source: str, **context: object) -> str:
    return Template(source).render(Context(context))


@pytest.mark.parametrize(
    ("amount", "shown", "plain"),
    [
        (Decimal("12500.00"), "12,500.00", "12500.00"),
        (Decimal("-3250.00"), "\u22123,250.00", "-3250.00"),
        (Decimal("1E+3"), "1,000", "1000"),
        (Decimal("0E-8"), "0.00000000", "0.00000000"),
        (
            Decimal("12345678901234567890.123456789012345678"),
            "12,345,678,901,234,567,890.123456789012345678",
            "12345678901234567890.123456789012345678",
        ),
        (7, "7", "7"),
    ],
)
def test_money_keeps_every_digit(amount: Decimal | int, shown: str, plain: str) -> None:
    drawn = draw('{% money amount "USD" %}', amount=amount)
    assert drawn == f'<data class="money" value="{plain}" dir="ltr">{shown} <span class="ccy">USD</span></data>'


def test_money_refuses_a_float() -> None:
    with pytest.raises(TypeError):
        draw("{% money amount %}", amount=0.1)


def test_no_amount_is_a_dash_and_zero_is_zero() -> None:
    assert ">–<" in draw('{% money amount "USD" %}', amount=None)
    assert "0.00" in draw('{% money amount "USD" %}', amount=Decimal("0.00"))


def test_a_difference_shows_its_sign_both_ways() -> None:
    assert ">+499.50 <" in draw('{% money amount "USD" difference=True %}', amount=Decimal("499.50"))
    assert ">\u22120.50 <" in draw('{% money amount "USD" difference=True %}', amount=Decimal("-0.50"))


@pytest.mark.parametrize(
    "source",
    [
        "{% visible text %}",
        "{% visible_block text %}",
        "{% reference text %}",
        "{% reference 'x' text %}",
        "{% money 1 text %}",
        "{% badge 'info' text %}",
        "{% effect 'in' text %}",
        "{% fresh now text %}",
        "{% icon text %}",
        "{% show text %}",
    ],
)
def test_a_tag_escapes_what_it_is_given(source: str) -> None:
    assert "<script>" not in draw(source, text=HOSTILE, now=timezone.now())


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        ("", "–"),
        ("Noura", "<bdi>Noura</bdi>"),
        (gettext_lazy("Payout"), "Payout"),
        (Amount(Decimal("5.00"), "USD"), "5.00 "),
        (Money(Decimal("5.00"), "USD"), "5.00 "),
        (Decimal("1234.50"), "1,234.50"),
        (-1234, "\u22121,234"),
        (Badge("In doubt", Meaning.URGENT), '<span class="badge urgent">In doubt</span>'),
        (Badge("Low", calm=True), '<span class="badge calm">Low</span>'),
        (Effect("Deposited", Direction.IN), '<span class="effect in">'),
        (Reference("wd-2026-b9t3w6np", "/funding/wd/"), '<a href="/funding/wd/"><bdi class="ref" dir="ltr">'),
        (Named("Noura", "user_12345"), "user_12345"),
        (Person("Maya Haddad"), ">MH</span>"),
        (Link("Rule 7", "/rules/7/"), 'href="/rules/7/"'),
        (Lines("first", Reference("second")), '<span class="sub">'),
        (Age(None), "never read"),
        (date(2026, 11, 19), '<time datetime="2026-11-19">19 Nov</time>'),
        (NOW, 'datetime="2026-11-19T14:32:00+03:00"'),
    ],
)
def test_show_draws_every_display_value(value: object, shown: str) -> None:
    with time_machine.travel(NOW, tick=False), timezone.override("Asia/Bahrain"):
        assert shown in draw("{% show value %}", value=value)


@pytest.mark.parametrize(
    ("seconds", "classes", "spoken"),
    [(8, "fresh", ""), (300, "fresh aging", "getting old"), (1_560, "fresh stale", "out of date")],
)
def test_an_age_is_told_by_class_and_in_words(seconds: int, classes: str, spoken: str) -> None:
    with time_machine.travel(NOW, tick=False):
        drawn = draw('{% fresh at "Read" %}', at=NOW - timedelta(seconds=seconds))
    assert f'class="{classes}"' in drawn
    assert spoken in drawn
    assert "Read " in drawn


def test_an_unknown_meaning_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="loud"):
        draw("{% badge 'loud' 'Failed' %}")


class AmountForm(forms.Form):
    amount = forms.CharField(help_text="In plain digits.", widget=forms.TextInput(attrs={"class": "wide"}))
    asset = forms.ChoiceField(choices=[("USD", "USD")])


def test_a_refused_field_says_so_to_eyes_and_ears() -> None:
    form = AmountForm({"amount": ""})
    drawn = draw('{% include "ui/field.html" with field=field only %}', field=form["amount"])
    assert 'class="form-control wide is-invalid"' in drawn
    assert 'aria-invalid="true"' in drawn
    assert 'aria-describedby="id_amount_helptext id_amount_error"' in drawn
    assert 'id="id_amount_error"' in drawn
    assert 'id="id_amount_helptext"' in drawn


def test_the_error_summary_leads_to_each_field() -> None:
    drawn = draw('{% include "ui/error_summary.html" with form=form only %}', form=AmountForm({}))
    assert 'href="#id_amount"' in drawn
    assert 'href="#id_asset"' in drawn
    assert "2 things need another look." in drawn
