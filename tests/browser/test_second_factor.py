"""Second factors in a browser: real ceremonies with a device that Chromium simulates, and what nobody gets past."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from backoffice.demo.cast import PASSWORD
from tests.browser import people
from tests.browser.stack import Stack
from tests.browser.test_pages import violations

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@dataclass
class Device:
    """The fingerprint reader of a laptop."""

    session: CDPSession
    key: str

    def recognises(self, finger: bool) -> None:
        self.session.send("WebAuthn.setUserVerified", {"authenticatorId": self.key, "isUserVerified": finger})

    def keys(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.session.send("WebAuthn.getCredentials", {"authenticatorId": self.key})[
            "credentials"
        ]
        return found


@pytest.fixture
def page(chromium: Browser, stack: Stack) -> Iterator[Page]:
    """A browser at the site's name: passkeys belong to names, and a bare address is none."""
    context = chromium.new_context(base_url=f"http://localhost:{stack.port}")
    context.set_default_timeout(people.SOON)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    yield page
    context.close()
    assert complaints == []


@pytest.fixture
def device(page: Page) -> Device:
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    return Device(session, session.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})["authenticatorId"])


def at_the_door(page: Page, name: str) -> None:
    """Come as far as the password brings one."""
    page.context.clear_cookies()
    people.begin_sign_in(page, f"{name}@example.com", PASSWORD)
    page.get_by_role("heading", name="Your second factor").wait_for()


def test_s19_a_passkey_is_made_lets_in_and_confirms(page: Page, device: Device) -> None:
    people.sign_in(page, "vera")
    page.goto("/accounts/factors/passkeys/add/")
    page.get_by_label("Name").fill("Work laptop")
    people.type_code(page)
    page.get_by_role("button", name="Add passkey").click()
    expect(page.get_by_role("row").filter(has_text="Work laptop")).to_be_visible()
    assert len(device.keys()) == 1

    at_the_door(page, "vera")
    assert violations(page) == []
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(lambda address: "/accounts/" not in address)

    page.goto("/accounts/factors/recovery-codes/")
    device.recognises(False)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("Your passkey was not used.")).to_be_visible()
    device.recognises(True)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("Nothing has happened yet")).to_be_visible()
    page.keyboard.press("Enter")  # on the button that decides, which has the focus now
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    assert violations(page) == []

    page.get_by_role("link", name="I have kept them").click()
    page.get_by_role("link", name="Remove Work laptop").click()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("Nothing has happened yet")).to_be_visible()
    page.get_by_role("button", name="Remove passkey").click()
    expect(page.get_by_text("Passkey “Work laptop” removed.")).to_be_visible()


def test_s19_recovery_codes_can_be_kept_and_let_in_once(page: Page) -> None:
    people.sign_in(page, "adam")
    page.goto("/accounts/factors/recovery-codes/")
    people.type_code(page)
    page.get_by_role("button", name="Make new recovery codes").click()
    shown = page.locator("#recovery-codes li").all_inner_texts()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.path().read_text().split() == shown

    at_the_door(page, "adam")
    page.get_by_role("link", name="Use a recovery code").click()
    page.get_by_label("Recovery code").fill(shown[0].upper())
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "/accounts/" not in address)

    at_the_door(page, "adam")
    page.get_by_role("link", name="Use a recovery code").click()
    page.get_by_label("Recovery code").fill(shown[0])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert").filter(has_text="tries left, then 30 minutes' wait")).to_be_visible()
    assert violations(page) == []


def test_s19_the_code_works_without_a_script_and_a_wrong_one_says_what_is_left(chromium: Browser, stack: Stack) -> None:
    page = chromium.new_context(base_url=stack.url, java_script_enabled=False).new_page()
    at_the_door(page, "vera")
    page.get_by_label("Code from your authenticator").fill("000000")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text(re.compile(r"\d tries left, then 30 minutes' wait\."))).to_be_visible()
    people.come_back_for_a_code(page)
    people.type_code(page)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What waits for you")


def test_s19_the_password_alone_opens_no_page(page: Page) -> None:
    at_the_door(page, "vera")
    for address in ("/", "/orders/", "/accounts/factors/", "/accounts/enrol/"):
        page.goto(address)
        assert "/accounts/login/" in page.url
