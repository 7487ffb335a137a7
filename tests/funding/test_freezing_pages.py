"""The pages of freezes and halts: who may do what, what everybody reads, what the lists cost."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from backoffice.accounts import proofs
from backoffice.accounts.actors import System
from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.approvals.models import Request
from backoffice.clients.models import Asset, Client
from backoffice.funding.freezing import release_conditions
from backoffice.funding.models import Freeze, Gate, Scope
from backoffice.funding.services import releasing
from backoffice.funding.services.brakes import keep_to_environment, name_of_halt, resume_sending, watch_clock
from backoffice.funding.services.cancelling import cancel_operation
from backoffice.funding.services.claiming import claim
from backoffice.funding.services.freezing import freeze, freeze_after_restore
from backoffice.funding.states import State
from tests.approving import ask_for_release
from tests.factors import code_of, with_code, wrong_code_of
from tests.funding.bulk.files import confirmed, deposits
from tests.funding.cast import NOURA, SignIn, deposit, looked_up, mirrored_asset, mirrored_client, withdrawal
from tests.funding.doubt import PAST, Travel
from tests.partners import Partners

FINANCE, MANAGER, OTHER_MANAGER, AUDITOR, ADMINISTRATOR = "maya", "omar", "lina", "vera", "adam"
SENDING = "Being sent at this moment, cannot be stopped"


@pytest.fixture
def everything(db: None, omar: Person) -> Freeze:
    return freeze(scope=Scope.EVERYTHING, reason="A payout list looks wrong.", by=omar)


def shown(browser: Browser, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


# Freezing -------------------------------------------------------------------------------------------------------------


def test_a_manager_freezes_at_once(
    db: None, signed_in: SignIn, omar: Person, maya: Person, noura: Client, usd: Asset
) -> None:
    withdrawal(maya, noura, usd, "500.00")
    desk = signed_in(MANAGER)

    answer = desk.post("/freeze/freeze/", {"scope": "client", "client": NOURA, "reason": "Her documents expired."})

    made = Freeze.objects.get()
    assert answer.headers["Location"] == f"/freeze/{made.pk}/"
    assert (made.scope, made.client, made.frozen_by) == (Scope.CLIENT, noura, omar)
    page = shown(desk, f"/freeze/{made.pk}/")
    assert "1 operation is held" in page and "−500.00" in page
    assert '<span class="sub"><bdi>Noura Al Khalifa</bdi></span>' in page, "whose payment it is"
    assert "You froze it. Two other people release it" in page


def test_what_is_being_sent_when_it_is_frozen_is_named_and_said_to_be_finished(
    coinmena: Partners, travel: Travel, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    operation = deposit(maya, noura, usd, "1000.00")
    assert claim(operation.pk, "worker 1") is not None
    typed = {"scope": "client", "client": NOURA, "reason": "Wrong payment, stop it."}
    desk = signed_in(MANAGER)

    page = desk.post("/freeze/freeze/", typed, follow=True).content.decode()

    assert "Frozen. What is being sent at this moment is finished; nothing else of it is sent." in page
    sending, held = page.split("What it holds back", 1)
    assert SENDING in sending and "Nothing so far." in held
    assert f'href="/funding/{operation.reference}/"' in sending and "Noura Al Khalifa</bdi></span>" in sending
    assert "1,000.00" in sending
    assert "1 payment of it is being sent at this moment and cannot be stopped." in shown(desk, "/freeze/")
    travel(PAST)
    assert looked_up(operation).state == State.UNKNOWN
    for address in (f"/freeze/{Freeze.objects.get().pk}/", "/freeze/"):
        page = shown(desk, address)
        assert SENDING not in page and "cannot be stopped" not in page


@pytest.mark.parametrize(
    ("scope", "is_named"), [("everything", True), ("money_out", False), ("asset", True), ("client", False)]
)
def test_only_what_a_freeze_names_is_said_to_be_sent(
    coinmena: Partners, signed_in: SignIn, maya: Person, noura: Client, usd: Asset, scope: str, is_named: bool
) -> None:
    mirrored_client("user_7", name="Sami Darwish")
    assert claim(deposit(maya, noura, usd, "1000.00").pk, "worker 1") is not None
    typed = {"scope": scope, "client": "user_7", "asset": "USD", "reason": "Look."}
    desk = signed_in(MANAGER)

    page = desk.post("/freeze/freeze/", typed, follow=True).content.decode()

    assert ("Frozen. Nothing of it is sent from now on." in page) is not is_named
    assert (SENDING in page) is is_named
    assert ("cannot be stopped." in shown(desk, "/freeze/")) is is_named


def test_what_was_typed_for_another_scope_keeps_no_manager_from_freezing(db: None, signed_in: SignIn) -> None:
    typed = {"scope": "everything", "client": "nobody", "asset": "none", "reason": "The bank rang."}

    assert signed_in(MANAGER).post("/freeze/freeze/", typed).status_code == 302

    made = Freeze.objects.get()
    assert (made.scope, made.client, made.asset) == (Scope.EVERYTHING, None, None)


#: What was typed, and the sentence that answers.
REFUSED = [
    ({"reason": "x"}, "Say what is to be frozen."),
    ({"scope": "everything"}, "Say why"),
    ({"scope": "asset", "reason": "x"}, "Choose the asset to be frozen."),
    ({"scope": "client", "reason": "x"}, "Say which client is to be frozen."),
    ({"scope": "client", "client": "nobody", "reason": "x"}, "There is no such client."),
    ({"scope": "everything", "reason": "x"}, "Everything is frozen by Omar Saleh since"),
]


@pytest.mark.parametrize(("typed", "sentence"), REFUSED)
def test_what_cannot_be_frozen_is_answered_by_a_sentence(
    everything: Freeze, signed_in: SignIn, typed: dict[str, str], sentence: str
) -> None:
    answer = signed_in(OTHER_MANAGER).post("/freeze/freeze/", typed)

    assert answer.status_code == 422 and sentence in answer.content.decode()
    assert Freeze.objects.count() == 1


@pytest.mark.parametrize(("name", "can"), [(FINANCE, False), (MANAGER, True), (AUDITOR, False)])
def test_the_page_says_who_can_freeze(everything: Freeze, signed_in: SignIn, name: str, can: bool) -> None:
    page = shown(signed_in(name), "/freeze/")

    assert ('action="/freeze/freeze/"' in page) is can
    assert ("Omar Saleh can, at once." in page) is not can
    assert "A payout list looks wrong." in page


def test_an_empty_page_says_that_money_flows(db: None, signed_in: SignIn) -> None:
    page = shown(signed_in(AUDITOR), "/freeze/")
    assert "Money flows" in page and "Nothing is frozen." in page


# Letting go -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "sentence"), [(FINANCE, ""), (OTHER_MANAGER, ""), (MANAGER, "You froze it."), (AUDITOR, "Only finance")]
)
def test_a_release_is_offered_to_whoever_may_ask(
    everything: Freeze, signed_in: SignIn, name: str, sentence: str
) -> None:
    page = shown(signed_in(name), f"/freeze/{everything.pk}/")

    assert (f'action="/freeze/{everything.pk}/release/"' in page) is (sentence == "")
    assert sentence in page


def test_a_release_is_asked_for_and_approved_on_the_pages(
    everything: Freeze, signed_in: SignIn, maya: Person, lina: Person, noura: Client, usd: Asset
) -> None:
    deposit(maya, noura, usd, "1000.00")
    withdrawal(maya, noura, usd, "77.00")
    said = with_code(maya, reason="The list was corrected.")
    asked = signed_in(FINANCE).post(f"/freeze/{everything.pk}/release/", said)
    request = Request.objects.get(kind="release")
    assert asked.headers["Location"] == f"/approvals/{request.subject}/"
    assert "Maya Haddad has asked for it" in shown(signed_in(FINANCE), f"/freeze/{everything.pk}/")

    desk = signed_in(OTHER_MANAGER)
    page = shown(desk, f"/approvals/{request.subject}/")
    assert "Release everything?" in page
    at_once, _title, held = page.partition("What leaves at once")[2].partition("What it holds back")
    assert "1 payment is approved." in at_once and "1,000.00" in at_once and "77.00" not in at_once
    assert "1,000.00" in held and "77.00" in held
    assert "Omar Saleh" in page and "Would undo their own act" in page
    assert "Asked for the release of a freeze" in page.split("In the audit log")[-1]
    assert "Release of everything" in shown(desk, "/approvals/")
    assert "Reject this request?" in shown(desk, f"/approvals/{request.subject}/reject/")
    desk.post(f"/approvals/{request.subject}/approve/", with_code(lina, fingerprint=request.fingerprint))

    everything.refresh_from_db()
    assert everything.released_at is not None
    page = shown(desk, "/freeze/")
    assert "Maya Haddad asked, Lina Aziz approved" in page and "Money flows" in page
    assert "Released" in shown(desk, f"/freeze/{everything.pk}/")


def test_the_one_who_froze_reads_why_the_release_is_not_theirs(
    everything: Freeze, signed_in: SignIn, maya: Person, lina: Person
) -> None:
    request = ask_for_release(everything, by=maya)
    desk = signed_in(MANAGER)

    page = shown(desk, f"/approvals/{request.subject}/")
    answer = desk.post(f"/approvals/{request.subject}/approve/", {"fingerprint": request.fingerprint})

    assert "it would undo what you did. Lina Aziz can" in page
    assert answer.status_code == 403
    everything.refresh_from_db()
    assert everything.released_at is None


def test_a_release_asked_twice_is_a_conflict_and_uses_up_no_code(
    everything: Freeze, signed_in: SignIn, maya: Person, lina: Person
) -> None:
    ask_for_release(everything, by=maya)
    said = with_code(lina, reason="Now.")
    answer = signed_in(OTHER_MANAGER).post(f"/freeze/{everything.pk}/release/", said)
    assert answer.status_code == 409 and code_of(lina) == said["code"]


@pytest.mark.parametrize("code", ["", "12345", "abcdef", "wrong"])
def test_s20_nobody_asks_for_a_release_without_their_factor(
    everything: Freeze, signed_in: SignIn, maya: Person, code: str
) -> None:
    said = {"reason": "The list was corrected.", "code": wrong_code_of(maya) if code == "wrong" else code}
    answer = signed_in(FINANCE).post(f"/freeze/{everything.pk}/release/", said)

    assert answer.status_code == 422 and "The list was corrected." in answer.content.decode()
    assert not Request.objects.exists()


def test_s20_a_factor_shown_for_another_freeze_releases_nothing(
    everything: Freeze, maya: Person, lina: Person, usd: Asset
) -> None:
    other = freeze(scope=Scope.ASSET, asset=usd, reason="A call", by=lina)
    proof = proofs.write_down(maya, releasing.fingerprint_of(other))
    with pytest.raises(Refused, match="not shown for exactly this"):
        releasing.ask_for_release(freeze_id=everything.pk, reason="Now.", by=maya, proof=proof)


def test_freezing_itself_asks_for_no_factor(db: None, signed_in: SignIn) -> None:
    page = shown(signed_in(MANAGER), "/freeze/")
    assert 'name="code"' not in page


def test_the_lock_of_a_restore_shows_what_it_waits_for(db: None, signed_in: SignIn) -> None:
    lock = freeze_after_restore(backup_at=timezone.now(), by=System("after_restore"))

    page = shown(signed_in(FINANCE), f"/freeze/{lock.pk}/")

    assert "Before it can be released" in page and "after_restore" in page
    assert f'action="/freeze/{lock.pk}/release/"' not in page


def test_the_lock_of_a_restore_lists_what_leaves_for_the_first_time(
    db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    first, file = deposit(maya, noura, usd, "5.00"), confirmed(maya, deposits(2))
    lock = freeze_after_restore(backup_at=timezone.now(), by=System("after_restore"))

    page = shown(signed_in(FINANCE), f"/freeze/{lock.pk}/")

    assert "1 approved operation without an order at CoinMENA" in page and first.reference in page
    assert f'href="/funding/bulk/{file.pk}/"' in page and "2 rows still to be made" in page
    assert "end or freeze it again before you release" in page and "A freeze made under the lock stays" in page
    assert "Not everything since the backup is read yet" in page


def test_what_leaves_at_a_release_costs_the_same_however_much_it_is(
    db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release_conditions, "_CONDITIONS", {})  # as if everything were read
    lock, desk = freeze_after_restore(backup_at=timezone.now(), by=System("after_restore")), signed_in(FINANCE)
    costs = []
    for number in (1, 2):
        deposit(maya, noura, usd, f"{number}.50")
        confirmed(maya, deposits(2, first=number * 10))
        with CaptureQueriesContext(connection) as queries:
            shown(desk, f"/freeze/{lock.pk}/")
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_only_the_lock_of_a_restore_lists_what_leaves(everything: Freeze, signed_in: SignIn) -> None:
    assert "for the first time" not in shown(signed_in(FINANCE), f"/freeze/{everything.pk}/")


# Halts, and every screen ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [FINANCE, MANAGER, AUDITOR, ADMINISTRATOR])
def test_every_screen_says_that_money_is_held(everything: Freeze, signed_in: SignIn, name: str) -> None:
    page = shown(signed_in(name), "/")
    assert "Everything is frozen." in page and "By Omar Saleh since" in page
    assert ("See what is held" in page) is (name != ADMINISTRATOR)


def test_no_screen_names_a_frozen_client_to_everybody(db: None, signed_in: SignIn, omar: Person, noura: Client) -> None:
    freeze(scope=Scope.CLIENT, client=noura, reason="Her documents expired.", by=omar)
    page = shown(signed_in(ADMINISTRATOR), "/")
    assert "One client is frozen." in page and noura.name not in page


def halt_on(desk: Browser) -> str:
    """Return what the page's own form says of the halt it shows."""
    [name] = re.findall(r'name="halt" value="([0-9a-f]{64})"', shown(desk, "/freeze/"))
    return str(name)


def test_a_halt_says_how_to_go_on_and_a_manager_resumes(db: None, signed_in: SignIn, omar: Person) -> None:
    watch_clock(30.0, holder="worker 1")
    assert "Only managers resume sending. Omar Saleh can." in shown(signed_in(FINANCE), "/freeze/")

    desk = signed_in(MANAGER)
    page = shown(desk, "/freeze/")
    assert "Start the time service of every machine" in page
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids)), "each label names one field"
    said = {"halt": halt_on(desk), "reason": "The clock was set."}
    assert desk.post("/funding/resume/", {**said, "reason": ""}).status_code == 422
    assert Gate.objects.get().halted_at is not None
    assert desk.post("/funding/resume/", said).headers["Location"] == "/freeze/"

    assert Gate.objects.get().halted_at is None
    assert desk.post("/funding/resume/", said).status_code == 409


@pytest.mark.parametrize("then", ["another server's settings", "another halt", "nothing said of the halt"])
def test_no_halt_is_resumed_but_the_one_that_was_read(
    db: None, signed_in: SignIn, omar: Person, settings: Settings, then: str
) -> None:
    watch_clock(30.0, holder="worker 1")
    desk = signed_in(MANAGER)
    said = {"halt": halt_on(desk), "reason": "The clock was set."}
    if then == "another server's settings":
        settings.COINMENA_PARTNER_ID = "another-partner"
    elif then == "another halt":
        resume_sending(reason="Set.", by=omar)
        Gate.objects.update(environment="a" * 64)
        keep_to_environment("b" * 64, "worker 1")
    else:
        said["halt"] = ""

    answer = desk.post("/funding/resume/", said)

    assert Gate.objects.get().halted_at is not None
    assert Gate.objects.get().environment in ("", "a" * 64)
    page = answer.content.decode()
    assert answer.status_code == (409 if said["halt"] else 422)
    assert "The clock was set." in page, "what was typed stays"
    assert f'name="halt" value="{name_of_halt(Gate.objects.get())}"' in page, "the halt that is there now is shown"


def test_the_page_of_a_held_operation_says_what_holds_it(
    everything: Freeze, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    operation = deposit(maya, noura, usd)
    desk = signed_in(FINANCE)
    assert "Held by a freeze." in shown(desk, f"/funding/{operation.reference}/")
    assert "Held by a freeze" in shown(desk, "/"), "and no worker moves it on"

    cancel_operation(operation_id=operation.pk, by=maya)

    assert "Held by a freeze." not in shown(desk, f"/funding/{operation.reference}/")


def test_an_open_page_learns_that_its_operation_is_held(
    db: None, signed_in: SignIn, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    operation, desk = deposit(maya, noura, usd), signed_in(FINANCE)
    seen = shown(desk, f"/funding/{operation.reference}/").split("?shown=")[1].split('"')[0]
    marker = f"/funding/{operation.reference}/marker/"
    assert "HX-Trigger" not in desk.get(marker, {"shown": seen}).headers

    freeze(scope=Scope.EVERYTHING, reason="The bank rang.", by=omar)

    assert "HX-Trigger" in desk.get(marker, {"shown": seen}).headers


def test_a_release_says_what_other_freezes_go_on_holding(
    everything: Freeze, signed_in: SignIn, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    deposit(maya, noura, usd)
    freeze(scope=Scope.ASSET, asset=usd, reason="The desk is closed.", by=omar)
    ask_for_release(everything, by=maya, reason="The list was corrected.")

    page = shown(signed_in(OTHER_MANAGER), f"/approvals/freeze-{everything.pk}-1/")

    assert "What they hold as well stays held." in page
    assert "What leaves at once" not in page


def test_a_halt_leads_to_what_it_holds(db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset) -> None:
    deposit(maya, noura, usd)
    watch_clock(30.0, holder="worker 1")

    page = shown(signed_in(FINANCE), "/freeze/")

    assert "1 operation is held" in page and 'href="/funding/?state=approved"' in page


def test_while_sending_is_paused_money_is_not_said_to_flow(db: None, signed_in: SignIn) -> None:
    Gate.objects.update(paused_until=timezone.now() + timedelta(minutes=1))

    page = shown(signed_in(FINANCE), "/freeze/")

    assert "Money flows" not in page
    assert page.count("It goes on by itself at") == 1


def test_hostile_reasons_are_shown_and_never_obeyed(db: None, signed_in: SignIn, omar: Person) -> None:
    freeze(scope=Scope.EVERYTHING, reason="<script>alert(1)</script>", by=omar)
    assert "<script>alert(1)" not in shown(signed_in(MANAGER), "/freeze/")


# What they cost -------------------------------------------------------------------------------------------------------


def test_the_pages_cost_the_same_however_much_is_frozen_and_held(
    db: None, signed_in: SignIn, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    desk = signed_in(FINANCE)
    assets = iter([mirrored_asset(f"A{number}") for number in range(20)])
    first = freeze(scope=Scope.ASSET, asset=usd, reason="Look.", by=omar)

    def count(address: str, more: int) -> int:
        for _number in range(more):
            withdrawal(maya, noura, usd, confirmed_equal=True)
            freeze(scope=Scope.ASSET, asset=next(assets), reason="Look.", by=omar)
        with CaptureQueriesContext(connection) as captured:
            shown(desk, address)
        return len(captured)

    for address in ("/freeze/", f"/freeze/{first.pk}/"):
        count(address, 1)
        assert count(address, 1) == count(address, 5)
