"""Every cell is held to what the form for one operation holds it to; every fault is named by line and column."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.accounts.models import Person
from backoffice.clients.models import Asset, Client
from backoffice.funding.bulk.checking import check
from backoffice.funding.bulk.reading import UnreadableFile, read
from backoffice.funding.models import BulkFile, BulkRow
from backoffice.funding.services.bulk_files import BadRows
from tests.funding.bulk.files import csv_of, deposits, uploaded
from tests.funding.cast import mirrored_asset, mirrored_client

pytestmark = pytest.mark.usefixtures("db", "noura", "usd")


@pytest.mark.parametrize(
    ("row", "column", "sentence"),
    [
        (",user_12345,USD,1.00,Rent", "type", "deposit or withdrawal"),
        ("transfer,user_12345,USD,1.00,Rent", "type", "deposit or withdrawal"),
        ("=deposit,user_12345,USD,1.00,Rent", "type", "deposit or withdrawal"),
        ("deposit,,USD,1.00,Rent", "client", "Say whose balance"),
        ("deposit,nobody,USD,1.00,Rent", "client", "no client with this id"),
        ("deposit,Noura Al Khalifa,USD,1.00,Rent", "client", "no client with this id"),
        ("deposit,USER_12345,USD,1.00,Rent", "client", "no client with this id"),
        ("deposit,=user_12345,USD,1.00,Rent", "client", "as a formula"),
        ("deposit,user_12345,,1.00,Rent", "asset", "no such asset"),
        ("deposit,user_12345,usd,1.00,Rent", "asset", "no such asset"),
        ("deposit,user_12345,@USD,1.00,Rent", "asset", "as a formula"),
        ("deposit,user_12345,USD,,Rent", "amount", "Enter an amount"),
        ("deposit,user_12345,USD,0,Rent", "amount", "more than zero"),
        ("deposit,user_12345,USD,-5,Rent", "amount", "minus sign"),
        ("deposit,user_12345,USD,+5,Rent", "amount", "plus sign"),
        ("deposit,user_12345,USD,=5,Rent", "amount", "Enter digits"),
        ("deposit,user_12345,USD,1e5,Rent", "amount", "without an exponent"),
        ("deposit,user_12345,USD,1_000,Rent", "amount", "underscores"),
        ('deposit,user_12345,USD,"1,000.00",Rent', "amount", "commas"),
        ("deposit,user_12345,USD,1.000.00,Rent", "amount", "the point once"),
        ("deposit,user_12345,USD,1.000,Rent", "amount", "may be meant as 1000.00"),
        ("deposit,user_12345,USD,١٠٠,Rent", "amount", "digits of other scripts"),
        ("deposit,user_12345,USD,１００,Rent", "amount", "digits of other scripts"),
        ("deposit,user_12345,USD,NaN,Rent", "amount", "Enter a number"),
        ("deposit,user_12345,USD,0.000000001,Rent", "amount", "never rounded"),
        ("deposit,user_12345,USD," + "9" * 21 + ",Rent", "amount", "At most 20 digits"),
        ("deposit,user_12345,USD," + "9" * 3000 + ",Rent", "amount", "At most 20 digits"),
        ("deposit,user_12345,USD,1.00,", "reason", "Say why"),
        ("deposit,user_12345,USD,1.00,   ", "reason", "Say why"),
        ("deposit,user_12345,USD,1.00," + "x" * 501, "reason", "At most 500 characters"),
        ('deposit,user_12345,USD,1.00,"=HYPERLINK(""http://evil"",""x"")"', "reason", "as a formula"),
        ("deposit,user_12345,USD,1.00, +1", "reason", "as a formula"),
        ("deposit,user_12345,USD,1.00,-", "reason", "as a formula"),
        ("deposit,user_12345,USD,1.00,＝1", "reason", "as a formula"),
    ],
)
def test_a_cell_that_cannot_be_taken_is_named(maya: Person, row: str, column: str, sentence: str) -> None:
    with pytest.raises(BadRows) as refused:
        uploaded(maya, csv_of("deposit,user_12345,USD,7.00,Good", row))

    (fault,) = refused.value.faults
    assert (fault.line, fault.column) == (3, column)
    assert sentence in fault.sentence
    assert not BulkFile.objects.exists() and not BulkRow.objects.exists()


@pytest.mark.parametrize(
    ("client", "asset", "row", "column", "sentence"),
    [
        ({"active": False}, {}, "deposit,other,XAU,1.00,Rent", "client", "deactivated"),
        ({"status": "pending"}, {}, "deposit,other,XAU,1.00,Rent", "client", "not verified"),
        ({}, {"depositable": False}, "deposit,other,XAU,1.00,Rent", "asset", "cannot be deposited"),
        ({}, {"withdrawable": False}, "withdrawal,other,XAU,1.00,Rent", "asset", "cannot be withdrawn"),
        ({}, {"published": False}, "deposit,other,XAU,1.00,Rent", "asset", "not published"),
    ],
)
def test_what_cannot_be_funded_is_refused_with_its_sentence(
    client: dict[str, Any], asset: dict[str, Any], row: str, column: str, sentence: str
) -> None:
    mirrored_client("other", **client)
    mirrored_asset("XAU", **asset)

    good, (fault,) = check(read(csv_of(row)).rows)

    assert (good, fault.column) == ([], column)
    assert sentence in fault.sentence


def test_every_fault_of_every_row_is_told_in_the_order_of_the_file(maya: Person) -> None:
    rows = ("send,nobody,XXX,1e5,", 'deposit,"x', "deposit,user_12345,USD,1.00,Rent", "deposit,nobody,USD,1,Rent")
    with pytest.raises(BadRows) as refused:
        uploaded(maya, csv_of(*rows))

    assert [(fault.line, fault.column) for fault in refused.value.faults] == [
        *((2, column) for column in ("type", "client", "asset", "amount", "reason")),
        (3, ""),
        (5, "client"),
    ]


def test_what_was_typed_is_kept_with_its_digits_and_without_blanks_around_it(maya: Person) -> None:
    uploaded(maya, csv_of(" Deposit , user_12345 , USD , 001000.10 , Rent of May ", "WITHDRAWAL,user_12345,USD,1,x"))

    first, second = BulkRow.objects.order_by("number")
    assert (first.kind, str(first.amount), first.reason) == ("deposit", "1000.10", "Rent of May")
    assert (second.kind, str(second.amount), second.number) == ("withdrawal", "1", 3)


def test_sums_beyond_what_can_be_typed_again_are_refused(maya: Person) -> None:
    row = f"deposit,user_12345,USD,{'9' * 20},Rent"

    with pytest.raises(UnreadableFile, match="more than 20 digits"):
        uploaded(maya, csv_of(row, row))


def test_a_file_costs_the_same_number_of_queries_however_long_it_is(noura: Client, usd: Asset) -> None:
    def queries_for(rows: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert len(check(read(deposits(rows)).rows)[0]) == rows
        return len(captured)

    assert queries_for(1) == queries_for(500) == 2


AMOUNT = st.decimals(min_value=Decimal("0.00000001"), max_value=Decimal(10**19), places=8, allow_nan=False)
TYPED = st.one_of(AMOUNT.map(str), st.text(st.sampled_from("0123456789.,-+eE_ ٣"), max_size=24))


@given(st.lists(TYPED, min_size=1, max_size=6))
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_no_amount_is_ever_rounded(amounts: list[str]) -> None:
    sheet = read(csv_of(*(f'deposit,user_12345,USD,"{amount}",Rent' for amount in amounts)))

    good, faults = check(sheet.rows)

    typed = {row.line: row.cells["amount"] for row in sheet.rows}
    assert {row.line for row in good} | {fault.line for fault in faults} == set(typed)
    for row in good:
        assert row.amount == Decimal(typed[row.line].strip())
        assert row.amount.as_tuple().exponent == Decimal(typed[row.line].strip()).as_tuple().exponent
