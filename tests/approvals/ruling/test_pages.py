"""The pages of the rules, as each person sees and uses them."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from backoffice.accounts.models import Person
from backoffice.approvals.models import Request, RuleSet
from backoffice.approvals.ruling import queries, services
from backoffice.approvals.ruling.content import digest_of, fingerprint_of
from backoffice.clients.models import Asset, Client
from tests.approvals.ruling.cast import LARGE, add, change, submitted
from tests.approving import approve
from tests.factors import with_code, wrong_code_of
from tests.funding.cast import withdrawal

pytestmark = pytest.mark.usefixtures("db")
TYPED = {
    "name": "Large withdrawals, USD",
    "kind": "withdrawal",
    "asset": "USD",
    "at_least": "10000",
    "people_needed": "2",
    "hours": "24",
}


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.content.decode()))


@pytest.mark.parametrize("who", ["maya", "omar", "vera", "adam"])
def test_everybody_reads_the_live_rules_and_only_administrators_may_change_them(
    who: str, client: Browser, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(who))
    page = text_of(client.get("/rules/"))
    assert "Every withdrawal Withdrawals 1 other person 24 hours" in page
    assert "Any asset any amount: 1 other person Every withdrawal" in page
    assert "There is no rule. What no rule matches goes straight through." in page
    assert "Nobody: it came with the product" in page
    assert ("Administrators draft rules, a manager approves them." in page) == (who != "adam")


def test_the_page_shows_every_amount_and_who_agrees(
    client: Browser, draft: RuleSet, adam: Person, omar: Person
) -> None:
    add(adam)
    add(adam, name="Many in a day", at_least=None, day_total_from=Decimal(50000))
    add(adam, name="Large deposits", kind="deposit", at_least=Decimal("20000.50"), people_needed=1)
    approve(submitted(draft, adam), by=omar)
    client.force_login(adam)
    page = text_of(client.get("/rules/"))
    assert "below 10,000 USD: 1 other person Every withdrawal" in page
    assert "of 10,000 USD or more: 2 other people Large withdrawals, USD" in page
    assert "from 50,000 USD in 24 hours on: 2 other people Many in a day" in page
    assert "below 20,000.50 USD: nobody else" in page
    assert "Omar Saleh" in page and "Amounts have grown." in page


def test_what_a_group_changes_is_shown_for_every_asset(
    client: Browser, draft: RuleSet, adam: Person, omar: Person
) -> None:
    group = {"name": "", "new_name": "New clients", "ids": ["user_12345"], "seen": ""}
    services.save_group(**group, by=adam)  # type: ignore[arg-type]
    add(adam)
    add(adam, name="New ones", asset="", at_least=None, group="New clients", people_needed=2)
    client.force_login(adam)
    page = text_of(client.get("/rules/draft/"))
    assert "USD New clients below 10,000 USD: 2 other people New ones" in page
    assert "Any other asset New clients any amount: 2 other people New ones" in page


def test_two_versions_are_compared_in_sentences(client: Browser, draft: RuleSet, adam: Person, omar: Person) -> None:
    add(adam)
    approve(submitted(draft, adam), by=omar)
    client.force_login(omar)
    page = text_of(client.get("/rules/2/?against=1"))
    assert "What version 2 says that version 1 does not" in page
    assert "Withdrawals of 10,000 USD or more: 2 other people, within 24 hours." in page
    assert client.get("/rules/2/?against=77").status_code == 404
    assert client.get("/rules/2/?against=%D9%A1").status_code == 200
    assert "Replaced" in text_of(client.get("/rules/1/"))


def test_a_draft_is_begun_by_a_button_and_says_whose_it_is(client: Browser, adam: Person, maya: Person) -> None:
    client.force_login(adam)
    assert client.post("/rules/draft/begin/").headers["Location"] == "/rules/draft/"
    page = text_of(client.get("/rules/draft/"))
    assert "Begun by Adam Reyes" in page and "Nothing so far: it says what the live rules say." in page
    again = client.post("/rules/draft/begin/")
    assert again.status_code == 409 and "There is one draft at a time." in text_of(again)
    client.force_login(maya)
    page = text_of(client.get("/rules/draft/"))
    assert "Administrators change it." in page and "Discard" not in page
    assert "Adam Reyes began a draft" in text_of(client.get("/rules/"))


def test_where_there_is_no_draft_its_page_leads_to_the_rules(client: Browser, adam: Person) -> None:
    client.force_login(adam)
    assert client.get("/rules/draft/").headers["Location"] == "/rules/"
    assert client.get("/rules/draft/submit/").status_code == 409
    assert client.get("/rules/draft/trial/").status_code == 404


def test_a_rule_is_added_in_plain_words(client: Browser, draft: RuleSet, adam: Person) -> None:
    client.force_login(adam)
    assert client.get("/rules/draft/new-rule/?kind=withdrawal").status_code == 200
    answer = client.post("/rules/draft/new-rule/", TYPED, follow=True)
    assert "Rule saved in the draft." in text_of(answer)
    assert "Large withdrawals, USD Added" in text_of(answer)
    rule = draft.rules.get(name="Large withdrawals, USD")
    assert (str(rule.at_least), rule.below, rule.people_needed) == ("10000", None, 2)


REFUSED: list[tuple[dict[str, str], str]] = [
    ({"at_least": "1,000"}, "Leave out the commas"),
    ({"at_least": "1e3"}, "Write the amount in full"),
    ({"at_least": "٣"}, "Use the digits 0 to 9"),
    ({"below": "9999.99"}, "No amount lies in this band"),
    ({"asset": ""}, "none is chosen"),
    ({"asset": "XAU"}, "CoinMENA has no asset called XAU."),
    ({"client": "ghost"}, "There is no such client."),
    ({"group": "VIP"}, "This version has no group called VIP."),
    ({"people_needed": "3"}, "only 2 managers could decide"),
    ({"people_needed": "two"}, "Type a whole number, for example 2."),
    ({"people_needed": "٢"}, "Type a whole number, for example 2."),
    ({"hours": "0"}, "There must be at least 1 hour"),
    ({"hours": "721"}, "at most 30 days"),
    ({"kind": "closing"}, "this rule would never apply"),
    ({"name": "a/b"}, "Leave out slashes"),
    ({"name": "Every withdrawal"}, "Another rule has this name."),
    ({"name": ""}, "Give the rule a name."),
]


@pytest.mark.parametrize(("typed", "sentence"), REFUSED)
def test_what_cannot_be_taken_comes_back_as_it_was_typed(
    typed: dict[str, str], sentence: str, client: Browser, draft: RuleSet, adam: Person
) -> None:
    client.force_login(adam)
    answer = client.post("/rules/draft/new-rule/", {**TYPED, **typed})
    assert answer.status_code == 422
    assert sentence in text_of(answer)
    page = answer.content.decode()
    for name, value in {**TYPED, **typed}.items():
        pattern = rf'name="{name}"[^>]*value="{re.escape(value)}"|<option value="{re.escape(value)}" selected'
        assert not value or re.search(pattern, page), name


def test_the_client_of_a_rule_is_typed_as_an_id_or_a_whole_name(client: Browser, draft: RuleSet, adam: Person) -> None:
    client.force_login(adam)
    for number, typed in enumerate(["user_12345", "Noura Al Khalifa", "Noura Al Khalifa, user_12345"]):
        client.post("/rules/draft/new-rule/", {**TYPED, "name": f"Noura {number}", "client": typed})
    assert list(draft.rules.filter(name__startswith="Noura").values_list("client", flat=True)) == ["user_12345"] * 3


def test_a_rule_that_somebody_changed_meanwhile_can_be_saved_again_knowingly(
    client: Browser, draft: RuleSet, adam: Person
) -> None:
    rule = add(adam)
    seen = digest_of(rule)
    change(rule, adam, people_needed=1)
    client.force_login(adam)
    address = f"/rules/draft/rules/{rule.pk}/"
    typed = {**TYPED, "at_least": "12345", "seen": seen}
    answer = client.post(address, typed)
    assert answer.status_code == 422
    assert "Save again to write yours over it." in text_of(answer) and 'value="12345"' in answer.content.decode()
    found = re.search(r'name="seen" value="([0-9a-f]{64})"', answer.content.decode())
    assert found and client.post(address, {**typed, "seen": found[1]}).status_code == 302
    assert draft.rules.get(pk=rule.pk).at_least == 12345


def test_a_rule_is_removed_by_its_button(client: Browser, draft: RuleSet, adam: Person) -> None:
    rule = draft.rules.get(name="Every withdrawal")
    client.force_login(adam)
    page = text_of(client.post(f"/rules/draft/rules/{rule.pk}/remove/", {"seen": digest_of(rule)}, follow=True))
    assert "Rule removed from the draft." in page
    assert "Withdrawals have no rule that catches everything" in page and "Keeps it back" in page


def test_a_group_is_added_renamed_and_removed(client: Browser, draft: RuleSet, adam: Person) -> None:
    client.force_login(adam)
    refused = client.post("/rules/draft/new-group/", {"name": "VIP", "clients": "user_12345\nghost"})
    assert refused.status_code == 422
    assert "names 1 id that is no client: ghost." in text_of(refused) and "ghost" in refused.content.decode()
    assert client.post("/rules/draft/new-group/", {"name": "VIP", "clients": " user_12345 \n\n"}).status_code == 302
    page = client.get("/rules/draft/groups/VIP/")
    seen = re.search(r'name="seen" value="([0-9a-f]{64})"', page.content.decode())
    assert seen
    said = {"name": "Best of all", "clients": "user_12345", "seen": seen[1]}
    assert client.post("/rules/draft/groups/VIP/", said).status_code == 302
    assert client.get("/rules/draft/groups/VIP/").status_code == 404
    assert client.post("/rules/draft/groups/Best%20of%20all/remove/", {"seen": seen[1]}).status_code == 302
    assert RuleSet.objects.get(pk=draft.pk).groups == {}


# Submitting -----------------------------------------------------------------------------------------------------------


def submission(draft: RuleSet, by: Person, **said: str) -> dict[str, Any]:
    return with_code(by, fingerprint=fingerprint_of(draft), note="Amounts have grown.", **said)


def test_submitting_shows_what_changes_and_asks_for_a_fresh_code(client: Browser, draft: RuleSet, adam: Person) -> None:
    add(adam)
    client.force_login(adam)
    page = text_of(client.get("/rules/draft/submit/"))
    assert "Submit version 2 of the rules?" in page
    assert "Withdrawals of 10,000 USD or more: 2 other people, within 24 hours." in page
    assert "For submitting version 2 of the rules with its 1 difference, and for nothing else." in page
    assert "Changes of these rules: 1 other person, within 7 days." in page
    answer = client.post("/rules/draft/submit/", submission(draft, adam), follow=True)
    assert "Submitted. The live rules hold until a manager has approved." in text_of(answer)
    assert "It waits for a manager." in text_of(answer) and "Take it back" in text_of(answer)


def test_a_wrong_code_submits_nothing_and_keeps_what_was_typed(client: Browser, draft: RuleSet, adam: Person) -> None:
    add(adam)
    client.force_login(adam)
    answer = client.post("/rules/draft/submit/", {**submission(draft, adam), "code": wrong_code_of(adam)})
    assert answer.status_code == 422 and "Amounts have grown." in answer.content.decode()
    assert not Request.objects.exists()


def test_a_draft_that_changed_meanwhile_is_shown_again_before_it_is_submitted(
    client: Browser, draft: RuleSet, adam: Person
) -> None:
    rule = add(adam)
    client.force_login(adam)
    said = submission(draft, adam)
    change(rule, adam, people_needed=1)
    answer = client.post("/rules/draft/submit/", said)
    assert answer.status_code == 422 and "changed since you read it" in text_of(answer)
    now_shown = fingerprint_of(RuleSet.objects.get(pk=draft.pk))
    assert f'value="{now_shown}"' in answer.content.decode()
    assert client.post("/rules/draft/submit/", {**said, "fingerprint": now_shown}).status_code == 302


def test_faults_keep_a_draft_from_being_submitted_and_no_code_is_spent(
    client: Browser, draft: RuleSet, adam: Person
) -> None:
    add(adam)
    draft.rules.filter(name="Every withdrawal").delete()
    client.force_login(adam)
    assert "Something keeps it back: see what was checked." in text_of(client.get("/rules/draft/submit/"))
    answer = client.post("/rules/draft/submit/", submission(draft, adam))
    assert answer.status_code == 422 and "Amounts have grown." in answer.content.decode()
    assert "Add a rule for Withdrawals that names no client" in text_of(answer)
    assert not Request.objects.exists()


def test_who_submitted_takes_it_back_by_a_button(client: Browser, draft: RuleSet, adam: Person) -> None:
    add(adam)
    submitted(draft, adam)
    client.force_login(adam)
    page = text_of(client.post("/rules/draft/take-back/", follow=True))
    assert "Taken back. It is a draft again." in page and "Submitted before" in page
    assert client.post("/rules/draft/take-back/").status_code == 409


def test_a_manager_reads_the_change_in_sentences_tried_on_the_past_and_makes_it_live(
    client: Browser, draft: RuleSet, adam: Person, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    withdrawal(maya, noura, usd, "12000.00")
    add(adam)
    asked = submitted(draft, adam)
    client.force_login(omar)
    page = text_of(client.get(f"/approvals/{asked.subject}/"))
    assert "Make version 2 of the rules the live one?" in page
    assert "Withdrawals of 10,000 USD or more: 2 other people, within 24 hours." in page
    assert "would have needed other people than under the live rules." in page
    assert "Maya Haddad and Lina Aziz or Omar Saleh could no longer together" in page
    said = with_code(omar, fingerprint=asked.fingerprint, note="")
    client.post(f"/approvals/{asked.subject}/approve/", said)
    assert queries.live().version == 2
    assert client.get(f"/approvals/{asked.subject}/").status_code == 200


def test_a_manager_rejects_and_the_administrator_reads_why(
    client: Browser, draft: RuleSet, adam: Person, omar: Person
) -> None:
    add(adam)
    asked = submitted(draft, adam)
    client.force_login(omar)
    said = {"fingerprint": asked.fingerprint, "reason_code": "other", "reason": "Too much for EUR."}
    client.post(f"/approvals/{asked.subject}/reject/", said)
    client.force_login(adam)
    page = text_of(client.get("/rules/draft/"))
    assert "Too much for EUR." in page and "Draft" in page and LARGE["name"] in page


def test_discarding_asks_first(client: Browser, draft: RuleSet, adam: Person) -> None:
    add(adam)
    client.force_login(adam)
    assert "Discard version 2 of the rules?" in text_of(client.get("/rules/draft/discard/"))
    assert RuleSet.objects.get(pk=draft.pk).state == "draft"
    assert client.post("/rules/draft/discard/").headers["Location"] == "/rules/"
    assert RuleSet.objects.get(pk=draft.pk).state == "discarded"


# The trial ------------------------------------------------------------------------------------------------------------


def test_the_trial_lists_what_would_have_been_different(
    client: Browser, draft: RuleSet, adam: Person, maya: Person, vera: Person, noura: Client, usd: Asset
) -> None:
    large, small = (withdrawal(maya, noura, usd, amount, reason=amount) for amount in ("12000.00", "20.00"))
    add(adam)
    client.force_login(vera)
    answer = client.get("/rules/draft/trial/")
    page = text_of(answer)
    assert large.reference in page and small.reference not in page
    assert "1 of 2 would have needed other people than under the live rules." in page
    assert f"/funding/{large.reference}/" in answer.content.decode()
    assert large.reference in text_of(client.get("/rules/draft/trial/?effect=more&page=9"))
    assert large.reference not in text_of(client.get("/rules/draft/trial/?effect=fewer"))
    client.force_login(adam)
    assert f"/funding/{large.reference}/" not in client.get("/rules/draft/trial/").content.decode()


def test_the_number_of_queries_does_not_grow_with_the_rules(client: Browser, draft: RuleSet, adam: Person) -> None:
    client.force_login(adam)
    counts = []
    for number in range(3):
        with CaptureQueriesContext(connection) as asked:
            for address in ("/rules/draft/", "/rules/draft/trial/", "/rules/2/"):
                assert client.get(address).status_code == 200
        counts.append(len(asked))
        for one in range(5):
            add(adam, name=f"Rule {number} {one}", at_least=Decimal(10 * (5 * number + one + 1)))
    assert counts[1] == counts[2]


def test_a_hostile_name_is_shown_and_not_run(client: Browser, draft: RuleSet, adam: Person) -> None:
    client.force_login(adam)
    hostile = "<img src=x onerror=alert(1)>\u202e"
    client.post("/rules/draft/new-rule/", {**TYPED, "name": hostile})
    page = client.get("/rules/draft/").content.decode()
    assert "<img src=x" not in page and "&lt;img src=x" in page


def test_a_version_that_waits_is_told_to_whoever_wants_to_begin_another(
    client: Browser, draft: RuleSet, adam: Person
) -> None:
    add(adam)
    submitted(draft, adam)
    client.force_login(adam)
    assert "waits for approval" in text_of(client.get("/rules/"))
    assert client.get("/rules/draft/new-rule/").status_code == 409
