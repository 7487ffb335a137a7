"""Invented figures for the gallery: each component in each state it can have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.urls import reverse

from backoffice.ui.columns import Column, Columns, Kind, OnPhone
from backoffice.ui.filters import Part
from backoffice.ui.keyset import KeysetPage
from backoffice.ui.listing import Cell, Control, Empty, Heading, Listing, Pill, Summary, Tab
from backoffice.ui.shell import NavEntry, NavGroup, PartnerFreshness, ShellContext
from backoffice.ui.values import (
    Action,
    Age,
    Amount,
    Badge,
    Check,
    CheckResult,
    Crumb,
    Direction,
    Effect,
    Event,
    Fact,
    Figure,
    Lines,
    Link,
    Meaning,
    Named,
    Person,
    Reference,
    Step,
    StepState,
    Wire,
)

SEVEN_MINUTES = timedelta(minutes=7)
HOSTILE = "Ev\u202elie \u200bP\u0430ypal <script>alert(1)</script>"

MAYA = Person("Maya Haddad", "Finance")
OMAR = Person("Omar Saleh", "Manager, in today")
LINA = Person("Lina Aziz", "Manager, in today")

BADGES = (
    Badge("Cancelled"),
    Badge("Low", calm=True),
    Badge("Ready for your review", Meaning.INFO),
    Badge("Completed", Meaning.POSITIVE),
    Badge("Failed", Meaning.NEGATIVE),
    Badge("Waiting for approval", Meaning.WARNING),
    Badge("In doubt", Meaning.URGENT),
)
EFFECTS = (
    Effect("Deposited", Direction.IN),
    Effect("Withdrawn", Direction.OUT),
    Effect("Bought 0.015 BTC"),
)
AMOUNTS = (
    Amount(Decimal("12500.00"), "USD"),
    Amount(Decimal("-3250.00"), "USD"),
    Amount(Decimal("18750.000"), "BHD"),
    Amount(Decimal("0.00"), "SAR", quiet=True),
    Amount(Decimal("-0.50"), "USD", difference=True),
    Amount(Decimal("499.50"), "USD", difference=True),
    Amount(Decimal("1234567890123456789.123456789012345678"), "BTC"),
    Amount(None, "USD"),
)
CRUMBS = (Crumb("Funding", "#"), Crumb("Withdrawals", "#"), Crumb("wd-2026-b9t3w6np"))
ACTIONS = (
    Action("Read again", "#", icon="refresh"),
    Action("Copy to a new one", why_not="This reference is still open. A copy could pay twice."),
    Action("Approve 12,500.00 USD", "#", primary=True),
)
CHECKS = (
    Check("Client verified and active", CheckResult.PASSED, "read 14 s ago", Reference("user_12345")),
    Check("At most 8 digits after the point", CheckResult.FAILED, got=9),
    Check("Similar request in the last 7 days", CheckResult.WARNING, "3,250.00 USD withdrawn today", "look below"),
    Check("A second “not found”, a minute later", CheckResult.WAITING, got="14:32:38"),
)
PEOPLE = ((OMAR, CheckResult.PASSED), (LINA, CheckResult.PASSED), (MAYA, CheckResult.FAILED))
REFUSALS = (
    Check("Copy to a new one", CheckResult.FAILED, "This reference is still open. A copy could pay twice."),
    Check("Cancel", CheckResult.FAILED, "It has left us. Only proof can end it."),
)
OUTCOMES = (
    Event("Found and completed", say="Becomes Completed with that order. Nothing is sent.", icon="circle-check"),
    Event("Found as failed", say="Becomes Failed. You may copy it to a new one.", icon="circle-x"),
)
STEPS = (
    Step("Prepared", "Maya Haddad, 19 Nov, 09:41 +03", StepState.DONE),
    Step("Review", "By another person. You can: you did not prepare it.", StepState.NOW),
    Step("Close", "2 exceptions to resolve or carry forward", StepState.LATER),
)
WIRE = Wire(
    "Request and answer",
    'POST /v1/partner/withdrawals\nX-Signature: [redacted, 88 characters]\n\n{"amount":"12500.00"}',
    '200 OK\n\n{"code":0,"msg":"success"}',
    "142 bytes out, 311 in",
    is_open=True,
)


def facts(now: datetime) -> tuple[Fact, ...]:
    """One line for each kind of value a summary list can hold."""
    return (
        Fact("Amount sent", AMOUNTS[0]),
        Fact("Our reference", Reference("wd-2026-b9t3w6np")),
        Fact("CoinMENA order", Reference("9042131", "#")),
        Fact("Client", Named("Noura Al Khalifa", "user_12345", "#")),
        Fact("A hostile name", HOSTILE),
        Fact("Reconciliation", BADGES[3]),
        Fact("Asked by", MAYA),
        Fact("Asked", now - timedelta(hours=3)),
        Fact("Read", Age(now - timedelta(minutes=26))),
        Fact("Requests sent", 1),
        Fact("Nothing", None),
    )


def figures() -> tuple[Figure, ...]:
    """A strip with each tone."""
    return (
        Figure("Approvals waiting", 4, note="Oldest 3 h 12 min", url="#"),
        Figure("In doubt", 1, "4,200.00 USD", "6 min 40 s, looked up 7 times", "warn", "#"),
        Figure("Open exceptions", 11, note="2 past their due date", tone="bad", url="#"),
        Figure("Days not closed", 2, note="Since Tuesday 17 November"),
    )


def events(now: datetime) -> tuple[Event, ...]:
    """A timeline with each meaning, a wire and tests."""
    return (
        Event(
            "Completed",
            now,
            "by worker 2",
            "Order 9042131 carries our reference and every field is equal.",
            "check",
            Meaning.POSITIVE,
        ),
        Event("Sent to CoinMENA", now - timedelta(seconds=1), "· attempt 1 of 1", icon="send", wire=WIRE),
        Event(
            "Collecting proof",
            now - timedelta(minutes=1),
            icon="list-search",
            meaning=Meaning.INFO,
            checks=CHECKS,
        ),
        Event(
            "The answer did not arrive",
            now - timedelta(minutes=2),
            icon="question-mark",
            meaning=Meaning.WARNING,
        ),
        Event(
            "Rejected",
            now - timedelta(hours=1),
            "by Lina Aziz, manager",
            "Wrong client.",
            "circle-x",
            Meaning.NEGATIVE,
        ),
        Event("Asked", now - timedelta(days=400), "by Maya Haddad, finance", icon="pencil"),
    )


def ages(now: datetime) -> tuple[Age, ...]:
    """Fresh, aging, stale, never."""
    return (
        Age(now - timedelta(seconds=8)),
        Age(now - timedelta(minutes=7), "Read"),
        Age(now - timedelta(hours=3, minutes=12)),
        Age(None),
    )


def shell(now: datetime) -> ShellContext:
    """The frame as Maya sees it."""
    money = (
        NavEntry(label="Clients", url="#clients", icon="users", go_key="c", dock_label="Clients"),
        NavEntry(
            label="Funding", url="#funding", icon="arrows-exchange", tally=1, tally_hot=True, dock_label="Funding"
        ),
        NavEntry(label="Orders", url="#orders", icon="list-details", current=True, go_key="o"),
        NavEntry(label="Transactions", url="#transactions", icon="receipt"),
    )
    first = (
        NavEntry(label="Today", url="#today", icon="checklist", go_key="t", dock_label="Today"),
        NavEntry(label="Approvals", url="#approvals", icon="shield-check", tally=4, dock_label="Approve"),
    )
    control = (
        NavEntry(label="Reconciliation", url="#reconciliation", icon="scale", tally=11),
        NavEntry(label="Audit log", url="#audit", icon="history"),
    )
    return ShellContext(
        groups=(
            NavGroup(entries=first),
            NavGroup(entries=money, label="Money"),
            NavGroup(entries=control, label="Control"),
        ),
        freshness=(
            PartnerFreshness("CoinMENA", now - timedelta(seconds=8)),
            PartnerFreshness("Bitnob", now - timedelta(minutes=5)),
        ),
        environment="Sandbox",
        zone="Asia/Bahrain, UTC+3",
        person=MAYA,
        account_url="#account",
        sign_out_url="#sign-out",
        search_url="#search",
        here=reverse("gallery:components"),
    )


class SampleForm(forms.Form):
    """A form with one of each input, bound with a mistake in it."""

    client = forms.CharField(label="Client", help_text="Verified and active, read 6 s ago.")
    asset = forms.ChoiceField(label="Asset", choices=[("USD", "USD, US dollar")])
    amount = forms.CharField(label="Amount", widget=forms.TextInput(attrs={"inputmode": "decimal", "dir": "ltr"}))
    reason = forms.CharField(label="Reason", widget=forms.Textarea(attrs={"rows": 2}))
    understood = forms.BooleanField(label="I have read the request", required=False)
    handling = forms.ChoiceField(
        label="What to do", choices=[("wait", "Wait"), ("look", "Look again")], widget=forms.RadioSelect
    )

    def clean_amount(self) -> str:
        """Refuse whatever was typed, so that the gallery shows a refusal."""
        raise forms.ValidationError("At most 8 digits after the point; this has 9. Amounts are never rounded for you.")


def form() -> SampleForm:
    """The sample form, bound and refused."""
    typed = {"client": "Noura Al Khalifa, user_12345", "asset": "USD", "amount": "1000.123456789"}
    return SampleForm({**typed, "reason": "Bank transfer received", "understood": "on", "handling": "wait"})


@dataclass(frozen=True)
class SampleOrder:
    """A row of the sample list."""

    number: int
    client: str
    client_id: str
    effect: Effect
    amount: Decimal
    asset: str
    badge: Badge
    at: datetime


COLUMNS = Columns(
    Column(
        key="order",
        label="Order",
        kind=Kind.REFERENCE,
        value=lambda order: Reference(str(order.number)),
        url=lambda order: f"#{order.number}",
    ),
    Column(
        key="reference",
        label="Reference",
        value=lambda order: Reference(f"dep-2026-{order.number}", "#"),
        on_phone=OnPhone.HIDE,
    ),
    Column(key="client", label="Client", value=lambda order: Named(order.client, order.client_id)),
    Column(key="effect", label="Effect on client", kind=Kind.EFFECT, value=lambda order: order.effect),
    Column(key="amount", label="Amount", kind=Kind.MONEY, value=lambda order: Amount(order.amount, order.asset)),
    Column(key="status", label="Status", kind=Kind.BADGE, value=lambda order: order.badge),
    Column(
        key="created", label="Created", kind=Kind.TIME, value=lambda order: order.at, sort="created", classes="soft"
    ),
)


def orders(now: datetime) -> list[SampleOrder]:
    """Rows with every kind of trouble a mirror can hold."""
    said = [
        ("Sara Haddad", "2350.00", "USD", EFFECTS[0], BADGES[3]),
        ("Yousef Al Jaber", "-1200.00", "SAR", EFFECTS[1], BADGES[3]),
        ("Hassan Fakhro", "18000.000", "BHD", EFFECTS[0], BADGES[3]),
        ("Layla Rahman", "-450.00", "USD", Effect("Not withdrawn", Direction.OUT), BADGES[4]),
        ("خالد المنصوري", "500.00", "USD", EFFECTS[0], BADGES[6]),
        (HOSTILE, "0.00000001", "BTC", EFFECTS[2], BADGES[5]),
    ]
    return [
        SampleOrder(
            9042117 - i, name, f"user_{31190 + i}", did, Decimal(amount), asset, badge, now - timedelta(minutes=7 * i)
        )
        for i, (name, amount, asset, did, badge) in enumerate(said)
    ]


class SampleFilters(forms.Form):
    """The filters of the sample list, as a form."""

    q = forms.CharField(required=False)
    status = forms.MultipleChoiceField(
        choices=[("completed", "Completed"), ("failed", "Failed")], widget=forms.CheckboxSelectMultiple
    )


@dataclass
class SamplePage:
    """What `ui/listing.html` reads of a `ListingPage`, without a database."""

    listing: Listing
    rows: list[list[Cell]]
    headings: list[Heading]
    controls: list[Control]
    pills: list[Pill]
    tabs: list[Tab]
    keyset: KeysetPage[Any]
    summary: Summary | None
    is_refused: bool = False
    is_filtered: bool = True
    count_text: str = "1,284 orders"
    count_digits: str = "1,284"
    range_text: str = "Rows 1 to 6 of 1,284"
    export_url: str = "#export"
    newer_url: str = ""
    older_url: str = "#older"
    first_url: str = "#first"
    clear_url: str = "#clear"
    summary_url: str = "#summary"
    sort_param: str = ""


LISTING = Listing(
    name="orders",
    title="Orders",
    caption="Orders, newest first",
    columns=COLUMNS,
    sorts=(),
    summary=lambda queryset: sums(),
    empty=Empty("No orders yet.", "They appear here within a minute of CoinMENA making one."),
)


def sums() -> Summary:
    """Sums of three assets, one of them with a gap."""
    return Summary(
        1284,
        [
            ("USD", {"Deposited": Decimal("784000.00"), "Withdrawn": Decimal("-266000.00")}),
            ("AED", {"Deposited": Decimal("498350.00"), "Withdrawn": Decimal("-86000.00")}),
            ("BHD", {"Deposited": Decimal("114870.500")}),
        ],
    )


def page(now: datetime) -> SamplePage:
    """The sample list with filters, pills, tabs, sums and rows."""
    rows = orders(now)
    return SamplePage(
        listing=LISTING,
        rows=[[Cell(column, row) for column in COLUMNS.shown] for row in rows],
        headings=[Heading(column, "#", "descending") if column.sort else Heading(column) for column in COLUMNS.shown],
        controls=controls(),
        pills=[Pill("Created", "1 to 19 Nov 2026", "#"), Pill("Client", HOSTILE, "#")],
        tabs=[Tab("All", "#", False), Tab("This month", "#", True), Tab("Not completed", "#", False)],
        keyset=KeysetPage([], None, "older", is_first=True),
        summary=sums(),
    )


def controls() -> list[Control]:
    """One filter of each kind; the dates are refused."""
    bound = SampleFilters({"q": "dep-2026", "status": ["failed"]})
    days = (Part("created_from", "From", "2026-11-19"), Part("created_to", "To", "2026-11-01"))
    amounts = (Part("amount_min", "At least", ""), Part("amount_max", "At most", ""))
    return [
        Control("q", "Reference, order number or client", "ui/filters/search.html", bound["q"], "", True, []),
        Control("status", "Status", "ui/filters/choices.html", bound["status"], "Failed", True, []),
        Control("created", "Created", "ui/filters/dates.html", None, "1–19 Nov 2026", True, [], days),
        Control("amount", "Amount", "ui/filters/amounts.html", None, "Any amount", False, [], amounts),
    ]


LINES = (Lines("Withdrawal for Noura Al Khalifa", Reference("wd-2026-b9t3w6np")), Link("Rule 7", "#", "version 3"))
