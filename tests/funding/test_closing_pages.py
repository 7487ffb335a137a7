"""The pages of what is in doubt, in review and closed: what they show, what they offer, what they refuse."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from backoffice.accounts import proofs
from backoffice.accounts.actors import System
from backoffice.accounts.models import Person, Proof
from backoffice.accounts.policies import Refused
from backoffice.approvals import services as approvals
from backoffice.audit.models import Entry
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding.closing.attachments import LARGEST
from backoffice.funding.closing.closings import closings_of
from backoffice.funding.closing.pages import cards_of
from backoffice.funding.models import Closing, LateOrder, Lookup, Operation, Scope
from backoffice.funding.services.closing import ask_to_close, fingerprint_to_prove
from backoffice.funding.services.freezing import freeze, freeze_after_restore
from backoffice.funding.services.late_orders import watch
from backoffice.funding.services.moving import NO_LEASE
from backoffice.funding.services.resolving import TO_REVIEW_AFTER
from backoffice.funding.states import State
from backoffice.orders.services import look_up_order
from backoffice.reconciliation.exceptions.severity import company_zone
from tests.factors import with_code, wrong_code_of
from tests.funding.cast import deposit, looked_up, now, sent
from tests.funding.closings import LETTER, asked, being_looked_up, claim, in_review, landed, signed
from tests.funding.doubt import PAST, POST, Travel, halt
from tests.partners import Partners

SignIn = Callable[[Person], Browser]
GOOD = {"outcome": "failed", "reason_code": "absent", "statement": "Rana wrote that there is no such order."}


@pytest.fixture
def sign_in(client: Browser) -> SignIn:
    def sign_in(person: Person) -> Browser:
        client.force_login(person)
        return client

    return sign_in


@pytest.fixture
def reviewing(coinmena: Partners, maya: Person, noura: Client, usd: Asset) -> Operation:
    return in_review(coinmena, maya, noura, usd)


def letter(name: str = "letter.pdf", content: bytes = b"%PDF-1.7 letter") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def page_of(browser: Browser, operation: Operation) -> str:
    return browser.get(f"/funding/{operation.reference}/").content.decode()


# The lane -----------------------------------------------------------------------------------------------------------


def test_the_lane_begins_with_the_longest_in_doubt(
    coinmena: Partners, sign_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    older = in_review(coinmena, maya, noura, usd, "1.00")
    coinmena.fault("close_before_apply", match={"method": "POST"})
    younger = sent(deposit(maya, noura, usd, "2.00"))

    page = sign_in(maya).get("/funding/?state=unknown&state=review").content.decode()

    assert page.index(older.reference) < page.index(younger.reference)
    assert "Next look-up" in page and "Two people" in page
    Operation.objects.filter(pk=younger.pk).update(in_doubt_since="2026-01-01T00:00:00Z")
    assert "Alarm" in sign_in(maya).get("/funding/?state=unknown&state=review").content.decode()


def test_a_page_in_doubt_argues_step_by_step(
    coinmena: Partners, sign_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    coinmena.fault("close_before_apply", match={"method": "POST"})
    operation = sent(deposit(maya, noura, usd))
    looked_up(operation)

    page = page_of(sign_in(maya), operation)

    for sentence in (
        "One request left us, and only one",
        "The answer did not arrive",
        "An early “not found” proves nothing",
        "It counts only from",
        "of 6 conditions, all must hold",
        "Order list of the client, read to its end",
    ):
        assert sentence in page
    assert "copy_of" not in page and "/close/" not in page


def is_frozen(_coinmena: Partners, _operation: Operation, _travel: Travel, by: Person) -> None:
    freeze(scope=Scope.EVERYTHING, reason="Somebody looks.", by=by)


def is_halted(_coinmena: Partners, _operation: Operation, _travel: Travel, _by: Person) -> None:
    halt()


def is_out_of_force(_coinmena: Partners, operation: Operation, _travel: Travel, _by: Person) -> None:
    Operation.objects.filter(pk=operation.pk).update(valid_until=clock.now())


def is_sent_three_times(coinmena: Partners, operation: Operation, travel: Travel, _by: Person) -> None:
    coinmena.fault("close_before_apply", match=POST, times=None)
    for number in (1, 2):
        travel(number * PAST)
        looked_up(operation)


def test_a_page_in_doubt_says_that_the_same_reference_is_sent_again_even_in_quarantine(
    in_doubt: Operation, sign_in: SignIn, maya: Person
) -> None:
    page = page_of(sign_in(maya), in_doubt)

    assert "nothing is sent under a new reference and no copy can be made" in page
    assert "nothing is sent again" not in page
    assert "The worker sends the same reference once more." in page and "becomes Failed." not in page


@pytest.mark.parametrize(
    ("situation", "because"),
    [
        (is_frozen, "is frozen by Omar Saleh"),
        (is_halted, "Sending is halted"),
        (is_out_of_force, "The permission to send it has run out."),
        (is_sent_three_times, "It was sent as often as is allowed."),
    ],
)
def test_a_page_in_doubt_says_why_it_would_not_be_sent_again(
    coinmena: Partners,
    in_doubt: Operation,
    travel: Travel,
    sign_in: SignIn,
    maya: Person,
    omar: Person,
    situation: Callable[[Partners, Operation, Travel, Person], None],
    because: str,
) -> None:
    situation(coinmena, in_doubt, travel, omar)

    page = page_of(sign_in(maya), in_doubt)

    assert now(in_doubt).state == State.UNKNOWN
    outcome = page.split("Proven absent")[1].split("</li>")[0]
    assert "As it stands, it is not sent again and becomes Failed." in outcome and because in outcome
    assert "The worker sends the same reference once more." not in page


def test_a_page_in_doubt_does_not_promise_an_end_to_what_the_partner_said_it_has(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, sign_in: SignIn
) -> None:
    coinmena.fault("envelope", match=POST, status=409, code=2020)
    operation = sent(deposit(maya, noura, usd))
    halt()

    page = page_of(sign_in(maya), operation)

    assert now(operation).state == State.UNKNOWN
    outcome = page.split("Proven absent")[1].split("</li>")[0]
    assert "goes to review" in outcome and "becomes Failed" not in outcome


def test_a_page_in_doubt_says_of_a_refusal_that_an_order_was_shown_all_the_same(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, sign_in: SignIn
) -> None:
    operation = deposit(maya, noura, usd)
    landed(coinmena, operation)
    look_up_order(text=operation.reference, by=maya)
    coinmena.fault("envelope", match=POST, status=400, code=3005)

    page = page_of(sign_in(maya), sent(operation))

    assert "CoinMENA has shown an order under this reference" in page and "No answer is not a refusal" not in page


def test_a_page_in_doubt_counts_the_hour_from_a_restore(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, sign_in: SignIn, travel: Travel
) -> None:
    travel(-1800, theirs=False)
    coinmena.fault("close_before_apply", match=POST)
    in_doubt = sent(deposit(maya, noura, usd))
    travel(0, theirs=False)
    lock = freeze_after_restore(backup_at=clock.now(), by=System("restore"))

    page = page_of(sign_in(maya), in_doubt)

    hour_after = timezone.localtime(lock.frozen_at + TO_REVIEW_AFTER, company_zone())
    assert f"No proof by {hour_after.day} {hour_after:%b}, {hour_after:%H:%M}" in page


# Asking -------------------------------------------------------------------------------------------------------------


def test_finance_asks_with_evidence_and_a_manager_signs_in_the_browser(
    reviewing: Operation, sign_in: SignIn, maya: Person, omar: Person
) -> None:
    address = f"/funding/{reviewing.reference}/close/"
    assert address in page_of(sign_in(maya), reviewing)

    answer = sign_in(maya).post(address, with_code(maya, **GOOD, evidence=[letter()]))

    assert answer.status_code == 302
    closing = Closing.objects.get()
    page = sign_in(omar).get(f"/approvals/{closing.key}/").content.decode()
    for words in (
        "Close deposit of 1,000.00 USD as failed?",
        "Nothing was moved",
        "Rana wrote that there is no such order.",
        closing.evidence.get().digest,
        "Finance may then make one copy",
        "Sign the closing",
    ):
        assert words in page
    assert "Asked for a closing by two people" in page.split("In the audit log")[-1]
    signing = with_code(omar, fingerprint=closing.fingerprint, note="Read and compared")
    assert sign_in(omar).post(f"/approvals/{closing.key}/approve/", signing).status_code == 302
    assert now(reviewing).state == State.FAILED
    assert "Closed by two people" in page_of(sign_in(maya), reviewing)


def test_the_managers_page_looks_again_when_it_is_opened_afresh(
    coinmena: Partners, reviewing: Operation, sign_in: SignIn, maya: Person, omar: Person
) -> None:
    closing = asked(reviewing, maya)
    landed(coinmena, reviewing)

    page = sign_in(omar).post(f"/approvals/{closing.key}/preview/").content.decode()

    assert "CoinMENA shows a completed order" in page
    assert "Something new was found" in page


@pytest.mark.parametrize("name", ["vera", "maya"])
def test_nobody_has_a_closing_looked_up_who_may_not_sign_it(
    reviewing: Operation, sign_in: SignIn, maya: Person, request: pytest.FixtureRequest, name: str
) -> None:
    closing = asked(reviewing, maya)
    made, version = Lookup.objects.count(), now(reviewing).version
    browser = sign_in(request.getfixturevalue(name))

    opened = browser.get(f"/approvals/{closing.key}/").content.decode()
    looked = browser.post(f"/approvals/{closing.key}/preview/").content.decode()

    assert (Lookup.objects.count(), now(reviewing).version) == (made, version)
    for page in (opened, looked):
        assert "The last look-up that was answered:" in page
        assert "It is looked up anew only for whoever may sign." in page
        assert "look-again" not in page and "hx-trigger" not in page.split('id="preview"')[1].split('id="decision"')[0]


def test_a_closing_is_looked_up_for_the_manager_who_opens_it(
    reviewing: Operation, sign_in: SignIn, maya: Person, omar: Person
) -> None:
    closing = asked(reviewing, maya)
    made = Lookup.objects.count()

    opened = sign_in(omar).get(f"/approvals/{closing.key}/").content.decode()
    assert 'hx-trigger="load, submit"' in opened and "looked up anew only" not in opened
    sign_in(omar).post(f"/approvals/{closing.key}/preview/")

    assert Lookup.objects.count() == made + 1


def test_what_is_found_in_review_is_put_before_people(
    coinmena: Partners, reviewing: Operation, sign_in: SignIn, maya: Person
) -> None:
    order = landed(coinmena, reviewing)
    looked_up(reviewing)

    advice = f"CoinMENA now shows a completed order, {order}: close it as completed."
    page = page_of(sign_in(maya), reviewing)
    assert advice in page
    assert "Orders at CoinMENA" in page and "What would prove that it was not made" not in page
    form = sign_in(maya).get(f"/funding/{reviewing.reference}/close/").content.decode()
    assert advice in form
    assert 'value="completed"' in form and "checked" in form


def test_whoever_signs_reads_that_nothing_is_copied_while_an_order_stands_open(
    coinmena: Partners, reviewing: Operation, sign_in: SignIn, maya: Person, omar: Person
) -> None:
    landed(coinmena, reviewing, status="pending")
    looked_up(reviewing)
    closing = asked(reviewing, maya)

    page = sign_in(omar).get(f"/approvals/{closing.key}/").content.decode()

    sentence = "No copy of it can be made while an order stands under its reference."
    assert (sentence in page, "make one copy" in page) == (True, False)
    ended = signed(closing, omar)
    assert "An order stands under its reference after all." in page_of(sign_in(maya), ended)


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([], "Attach 1 to 5 files"),
        ([letter(f"{n}.pdf") for n in range(6)], "Attach 1 to 5 files"),
        ([letter(content=b"")], "is empty"),
        ([letter(content=b"%PDF-" + b"0" * LARGEST)], "larger than 5 MB"),
        ([letter("letter.pdf", b"MZ")], "does not hold what its name says"),
        ([letter("page.html", b"<html>")], "attach PDF, PNG, JPEG, CSV, TXT or EML"),
    ],
    ids=["none", "six", "empty", "large", "wrong", "page"],
)
def test_evidence_that_is_none_gets_a_sentence(
    reviewing: Operation, sign_in: SignIn, maya: Person, files: list[Any], sentence: str
) -> None:
    for file in files:
        file.seek(0)
    answer = sign_in(maya).post(f"/funding/{reviewing.reference}/close/", {**GOOD, "evidence": files})

    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Closing.objects.exists()


def test_s20_nobody_asks_for_a_closing_without_their_factor(
    reviewing: Operation, sign_in: SignIn, maya: Person
) -> None:
    said = {**GOOD, "evidence": [letter()], "code": wrong_code_of(maya)}
    answer = sign_in(maya).post(f"/funding/{reviewing.reference}/close/", said)

    page = answer.content.decode()
    assert answer.status_code == 422 and GOOD["statement"] in page
    assert "Attach the files again" in page and "For closing the deposit of 1,000.00 USD" in page
    assert not Closing.objects.exists()


def test_s20_a_factor_shown_for_another_claim_asks_for_nothing(reviewing: Operation, maya: Person) -> None:
    proof = proofs.write_down(maya, fingerprint_to_prove(reviewing, claim("failed"), maya))
    other = claim("failed", statement="Something else was written.")
    with pytest.raises(Refused, match="not shown for exactly this"):
        ask_to_close(operation_id=reviewing.pk, claim=other, by=maya, proof=proof)


def test_a_hostile_name_is_kept_as_a_harmless_one(
    reviewing: Operation, sign_in: SignIn, maya: Person, vera: Person
) -> None:
    hostile = letter("<img src=x onerror=alert(1)>\u202efdp.pdf")
    sign_in(maya).post(f"/funding/{reviewing.reference}/close/", with_code(maya, **GOOD, evidence=[hostile]))

    [kept] = Closing.objects.get().evidence.all()
    assert kept.name == "img src_x onerror_alert(1)_fdp.pdf"
    assert "<img" not in page_of(sign_in(vera), reviewing)


def test_a_claim_that_is_contradicted_comes_back_with_its_reason(
    coinmena: Partners, reviewing: Operation, sign_in: SignIn, maya: Person
) -> None:
    landed(coinmena, reviewing)

    said = with_code(maya, **GOOD, evidence=[letter()])
    answer = sign_in(maya).post(f"/funding/{reviewing.reference}/close/", said)

    assert answer.status_code == 422
    assert "close it as completed" in answer.content.decode()
    assert "Rana wrote" in answer.content.decode(), "what was typed stays"


def test_a_look_up_under_way_uses_up_no_code_and_loses_nothing_typed(
    reviewing: Operation, sign_in: SignIn, maya: Person, omar: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "sleep", lambda _seconds: None)
    being_looked_up(reviewing)

    said = with_code(maya, **GOOD, evidence=[letter()])
    answer = sign_in(maya).post(f"/funding/{reviewing.reference}/close/", said)

    page = answer.content.decode()
    assert answer.status_code == 422 and "It is being looked up at this moment." in page
    assert GOOD["statement"] in page and "Attach the files again" in page
    assert not Closing.objects.exists() and not Proof.objects.filter(person=maya).exists()

    Operation.objects.update(**NO_LEASE)
    closing = asked(reviewing, maya)
    being_looked_up(reviewing)
    signing = with_code(omar, fingerprint=closing.fingerprint, note="Read and compared")
    answer = sign_in(omar).post(f"/approvals/{closing.key}/approve/", signing)

    page = answer.content.decode()
    assert answer.status_code == 409 and "It is being looked up at this moment." in page
    assert "Read and compared" in page and "Sign the closing" in page
    assert now(reviewing).state == State.REVIEW and not Proof.objects.filter(person=omar).exists()


def test_outside_review_there_is_no_form(
    coinmena: Partners, sign_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    operation = sent(deposit(maya, noura, usd))

    assert sign_in(maya).get(f"/funding/{operation.reference}/close/").status_code == 409


# Evidence and late orders -------------------------------------------------------------------------------------------


def test_evidence_is_saved_and_never_shown_and_reading_it_is_written(
    reviewing: Operation, sign_in: SignIn, maya: Person, vera: Person
) -> None:
    asked(reviewing, maya)

    answer = sign_in(vera).get(f"/funding/{reviewing.reference}/evidence/{LETTER.digest}/")

    assert answer.content == LETTER.content
    assert answer["Content-Disposition"] == 'attachment; filename="letter.pdf"'
    assert answer["Content-Security-Policy"].startswith("sandbox")
    assert answer["X-Content-Type-Options"] == "nosniff"
    entry = Entry.objects.get(event="evidence.read")
    assert entry.after
    assert (entry.who, entry.after["digest"]) == ("Vera Novak", LETTER.digest)


def test_evidence_of_another_operation_is_not_found(
    coinmena: Partners, reviewing: Operation, sign_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    asked(reviewing, maya)
    other = deposit(maya, noura, usd, "7.00")

    assert sign_in(maya).get(f"/funding/{other.reference}/evidence/{LETTER.digest}/").status_code == 404


def test_the_cards_of_closings_cost_the_same_however_many_there_are(
    django_assert_num_queries: DjangoAssertNumQueries, reviewing: Operation, maya: Person
) -> None:
    for _again in range(3):
        closing = asked(reviewing, maya)
        approvals.cancel(request_id=closing.approval_id, by=maya)

    with django_assert_num_queries(3):  # the closings, the decisions on them (none here), the files
        cards = cards_of(reviewing, closings_of(reviewing), timezone.now())

    assert [len(card.evidence) for card in cards] == [1, 1, 1]


def test_a_late_order_rings_everywhere_until_a_manager_settles_it(
    coinmena: Partners, reviewing: Operation, sign_in: SignIn, maya: Person, omar: Person
) -> None:
    ended = signed(asked(reviewing, maya), omar)
    order = landed(coinmena, ended)
    look_up_order(text=ended.reference, by=maya)
    watch()
    late = LateOrder.objects.get()

    assert "Completed after we ended it" in page_of(sign_in(maya), ended)
    assert "Completed after we ended it" in sign_in(maya).get("/").content.decode()
    assert "speaks against how its operation ended" in sign_in(maya).get(f"/orders/{order}/").content.decode()
    settling = f"/funding/{ended.reference}/late/{late.pk}/"
    assert sign_in(omar).post(settling, {"settlement": ""}).status_code == 302
    assert not LateOrder.objects.filter(settled_at__isnull=False).exists()
    sign_in(omar).post(settling, {"settlement": "CoinMENA took it back."})

    assert "Settled by" in page_of(sign_in(maya), ended)
    assert "Completed after we ended it" not in sign_in(maya).get("/").content.decode()
