"""Approving several with one code: only what is alike, small and in no way odd; each by itself (security.md S4-S6)."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backoffice.accounts.models import Person, Proof
from backoffice.approvals import services
from backoffice.approvals.models import Decision, Request
from backoffice.approvals.together import sets
from backoffice.approvals.together.forms import sealed
from backoffice.approvals.together.sets import Alike, Together
from backoffice.audit.models import Entry
from backoffice.clients.models import Asset, Client
from backoffice.funding.fingerprint import fingerprint_of
from backoffice.funding.models import Operation
from backoffice.funding.states import State
from tests.approving import approve
from tests.factors import with_code, wrong_code_of
from tests.funding.cast import mirrored_asset, mirrored_client, withdrawal
from tests.ruling import make_live, rule

pytestmark = pytest.mark.usefixtures("db")

SEND = "/approvals/together/approve/"
LARGE = Decimal(1000)


@pytest.fixture(autouse=True)
def rules(db: None) -> None:
    """Withdrawals need one other person, and two from 1,000 USD."""
    two = rule("withdrawal", "Large withdrawals, USD", asset="USD", at_least=LARGE, people_needed=2)
    make_live(rule("withdrawal"), two, rule("release"))


@pytest.fixture(autouse=True)
def nothing_unusual(monkeypatch: pytest.MonkeyPatch) -> None:
    """What funding finds unusual is funding's to test."""
    monkeypatch.setattr("backoffice.funding.subject.OperationSubject.unusual", lambda _self, _requests: {})


@pytest.fixture
def operations(maya: Person, usd: Asset) -> list[Operation]:
    """Four withdrawals of four clients, 100.00 to 103.00 USD."""
    return [withdrawal(maya, mirrored_client(f"user_{n}", name=f"Client {n}"), usd, f"{100 + n}.00") for n in range(4)]


def found_by(person: Person) -> Together:
    (waiting,) = sets.sets_for(person, timezone.now())
    found = sets.together(person, waiting.alike, timezone.now())
    assert found is not None
    return found


def subjects(found: Together) -> list[str]:
    return [one.subject for one in found.rows]


def test_what_is_alike_stands_together_oldest_first_with_its_sum(operations: list[Operation], omar: Person) -> None:
    found = found_by(omar)

    assert subjects(found) == [one.reference for one in operations]
    assert (found.total, found.lifted, found.later) == (Decimal("406.00"), (), 0)


def test_nobody_finds_their_own_or_what_they_may_not_decide_on(
    operations: list[Operation], maya: Person, omar: Person
) -> None:
    assert sets.sets_for(maya, timezone.now()) == []
    approve(Request.objects.get(subject=operations[0].reference), omar)

    assert subjects(found_by(omar)) == [one.reference for one in operations[1:]]


def test_another_asset_or_rule_is_another_set(operations: list[Operation], maya: Person, omar: Person) -> None:
    euro = mirrored_asset("EUR")
    for n in range(2):
        withdrawal(maya, Client.objects.get(partner_client_id=f"user_{n}"), euro, "100.00")

    found = {one.alike.asset: (one.count, one.is_possible) for one in sets.sets_for(omar, timezone.now())}

    assert found == {"USD": (4, True), "EUR": (2, False)}


def test_the_sum_stays_below_what_two_people_would_have_to_approve(
    operations: list[Operation], maya: Person, usd: Asset, omar: Person
) -> None:
    for n in range(10, 18):
        withdrawal(maya, mirrored_client(f"user_{n}"), usd, "150.00")

    found = found_by(omar)

    assert found.total < LARGE and (len(found.rows), found.later) == (7, 5)
    assert found.total + Decimal(150) >= LARGE


def test_a_day_from_which_on_two_people_are_wanted_bounds_the_sum_as_well(
    operations: list[Operation], omar: Person
) -> None:
    day = rule("withdrawal", "Large days, USD", asset="USD", day_total_from=Decimal(300), people_needed=2)
    large = rule("withdrawal", "Large withdrawals, USD", asset="USD", at_least=LARGE, people_needed=2)
    make_live(rule("withdrawal"), large, day, rule("release"))

    found = found_by(omar)

    assert (found.limit, found.total, found.later) == (Decimal(300), Decimal("201.00"), 2)


def test_an_amount_far_from_the_others_is_lifted_out(
    operations: list[Operation], maya: Person, usd: Asset, omar: Person
) -> None:
    large = withdrawal(maya, mirrored_client("user_90"), usd, "400.00")
    tiny = withdrawal(maya, mirrored_client("user_91"), usd, "1.00")

    found = found_by(omar)

    assert {one.subject: why for one, why in found.lifted} == dict.fromkeys(
        [large.reference, tiny.reference], "Its amount is far from the middle of these, 101.50 USD."
    )
    assert subjects(found) == [one.reference for one in operations]


def test_what_the_subject_finds_unusual_and_what_has_changed_is_lifted_out(
    operations: list[Operation], omar: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = operations[0].reference, operations[1].reference
    kind = "backoffice.funding.subject.OperationSubject"
    monkeypatch.setattr(f"{kind}.unusual", lambda _self, _requests: {first: "A new client."})

    def other_for_the_second(operation: Operation) -> str:
        return "0" * 64 if operation.reference == second else fingerprint_of(operation)

    monkeypatch.setattr("backoffice.funding.subject.fingerprint_of", other_for_the_second)

    lifted = {one.subject: why for one, why in found_by(omar).lifted}

    assert lifted == {first: "A new client.", second: "Its content is not what was asked for."}


# The page and the code ------------------------------------------------------------------------------------------------


@pytest.fixture
def shown(client: Browser, operations: list[Operation], omar: Person) -> dict[str, Any]:
    """The fields of the page Omar was shown."""
    client.force_login(omar)
    page = client.get(review_of(client)).context["form"]
    return {"rows": page["rows"].value(), "opened": page["opened"].value()}


def review_of(client: Browser) -> str:
    rows = client.get("/approvals/together/").context["rows"]
    address: str = rows[0][1]
    return address


def test_the_page_lists_every_row_with_the_control_sum(
    client: Browser, operations: list[Operation], omar: Person
) -> None:
    client.force_login(omar)

    page = client.get(review_of(client)).content.decode()

    assert all(one.reference in page for one in operations)
    assert "Approve 4 requests, 406.00 USD in all?" in page
    assert "Good for these 4 requests only, 406.00 USD in all." in page


def test_one_code_approves_each_by_itself_and_the_result_names_each(
    client: Browser, shown: dict[str, Any], operations: list[Operation], omar: Person
) -> None:
    answer = client.post(SEND, with_code(omar, note="Payouts of Monday", **shown), follow=True)

    page = answer.content.decode()
    assert "4 of 4 approved." in page and page.count("Approved.") >= 4
    assert {one.state for one in Operation.objects.all()} == {State.APPROVED}
    proof = Proof.objects.get(covers__len=4)
    assert Decision.objects.filter(proof=proof, note="Payouts of Monday").count() == 4
    flags = [entry.after["flags"] for entry in Entry.objects.filter(event="approval.given") if entry.after]
    assert all("one of 4 together" in told for told in flags) and len(flags) == 4


def test_a_row_decided_between_page_and_code_stops_the_set_before_a_code_is_used(
    client: Browser, shown: dict[str, Any], operations: list[Operation], omar: Person, lina: Person
) -> None:
    approve(Request.objects.get(subject=operations[2].reference), lina)

    answer = client.post(SEND, with_code(omar, **shown))

    assert answer.status_code == 409 and "not what you were shown" in answer.content.decode()
    assert not Decision.objects.filter(decided_by=omar).exists()
    assert not Proof.objects.filter(person=omar).exists()


def test_a_row_decided_between_code_and_row_leaves_the_others(
    client: Browser,
    shown: dict[str, Any],
    operations: list[Operation],
    omar: Person,
    lina: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, second = services.approve, Request.objects.get(subject=operations[1].reference)

    def overtaken(*, request_id: int, **details: Any) -> Request:
        if request_id == second.pk and details["by"] == omar:
            approve(second, lina)
        return real(request_id=request_id, **details)

    monkeypatch.setattr("backoffice.approvals.together.services.services.approve", overtaken)

    page = client.post(SEND, with_code(omar, **shown), follow=True).content.decode()

    assert "3 of 4 approved" in page and "Lina Aziz has approved this already." in page
    assert Decision.objects.filter(decided_by=omar).count() == 3


def test_a_wrong_code_approves_nothing_and_keeps_what_was_typed(
    client: Browser, shown: dict[str, Any], omar: Person
) -> None:
    said = {**shown, "note": "Payouts of Monday", "code": wrong_code_of(omar)}

    answer = client.post(SEND, said)

    assert answer.status_code == 422 and "Payouts of Monday" in answer.content.decode()
    assert not Decision.objects.filter(decided_by=omar).exists()


def test_s6_forged_rows_are_refused(
    client: Browser, shown: dict[str, Any], omar: Person, lina: Person, operations: list[Operation]
) -> None:
    of_lina = sealed(found_by(lina), lina)
    for rows in ("", "x", shown["rows"][:-1], shown["rows"] + "x", "x" * 100_000, of_lina):
        answer = client.post(SEND, with_code(omar, rows=rows))
        assert answer.status_code == 409
    assert not Decision.objects.filter(decided_by=omar).exists()


def test_s4_nobody_approves_their_own_in_a_set_signed_for_them(
    client: Browser, operations: list[Operation], maya: Person, omar: Person
) -> None:
    """Even the page of a manager, handed to whoever asked."""
    rows = sealed(found_by(omar), maya)
    client.force_login(maya)

    assert client.post(SEND, with_code(maya, rows=rows)).status_code == 403
    assert not Decision.objects.filter(decided_by=maya).exists()


@pytest.mark.parametrize(
    "query", ["", "kind=operation", "kind=operation&asset=USD&rule=x&rule_version=0", "kind=none&asset=%00&rule=x"]
)
def test_a_hostile_address_names_no_set(client: Browser, omar: Person, query: str) -> None:
    client.force_login(omar)

    assert client.get(f"/approvals/together/review/?{query}").status_code in (400, 404)


def test_an_unknown_set_is_not_there(client: Browser, omar: Person) -> None:
    client.force_login(omar)
    for kind in ("operation", "none", "closing"):
        address = f"/approvals/together/review/?kind={kind}&asset=XYZ&rule=Nothing&rule_version=7"
        assert client.get(address).status_code == 404


def test_s2_results_are_for_whoever_approved_and_for_auditors(
    client: Browser, shown: dict[str, Any], omar: Person, lina: Person, vera: Person
) -> None:
    address = client.post(SEND, with_code(omar, **shown)).headers["Location"]

    seen = {}
    for person in (omar, lina, vera):
        client.force_login(person)
        seen[person.name] = client.get(address).status_code

    assert seen == {"Omar Saleh": 200, "Lina Aziz": 404, "Vera Novak": 200}


def test_a_set_counts_as_one_act_for_the_pace(
    client: Browser, shown: dict[str, Any], omar: Person, operations: list[Operation], maya: Person, usd: Asset
) -> None:
    """Nine others within the minute, then a set of four: it is the tenth act as a whole."""
    for n in range(20, 29):
        approve(Request.objects.get(subject=withdrawal(maya, mirrored_client(f"user_{n}"), usd, "9").reference), omar)

    page = client.post(SEND, with_code(omar, **shown), follow=True).content.decode()

    assert "4 of 4 approved." in page


def test_requests_of_two_people_never_stand_in_a_set(
    operations: list[Operation], maya: Person, usd: Asset, omar: Person
) -> None:
    for n in range(2):
        withdrawal(maya, mirrored_client(f"user_5{n}"), usd, "1000.00")

    found = sets.together(omar, Alike("operation", "USD", "Large withdrawals, USD", 2), timezone.now())

    assert found is not None and found.rows == ()
    assert [one.alike.rule for one in sets.sets_for(omar, timezone.now())] == ["Every withdrawal"]


def test_a_set_takes_the_same_number_of_queries_however_many_it_holds(
    operations: list[Operation], maya: Person, omar: Person, usd: Asset
) -> None:
    def queries_for_set() -> int:
        with CaptureQueriesContext(connection) as captured:
            found_by(omar)
        return len(captured)

    with_four = queries_for_set()
    withdrawal(maya, mirrored_client("user_8", name="Client 8"), usd, "99.00")
    withdrawal(maya, mirrored_client("user_9", name="Client 9"), usd, "98.00")

    assert len(subjects(found_by(omar))) == 6
    assert queries_for_set() == with_four
