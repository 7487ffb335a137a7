"""What a browser reports is a stranger's word: bounded, one line, told a few times a minute (security.md S11)."""

import json
from typing import Any

import pytest
from django.test import Client

from backoffice.ui.reports import MOST_A_MINUTE
from tests.security.logs import written_logs

pytestmark = pytest.mark.usefixtures("db")
REPORT = {
    "document-uri": "http://127.0.0.1/orders/?q=Noura",
    "effective-directive": "script-src-elem",
    "blocked-uri": "inline",
    "script-sample": "secret()",
}


def told_by(body: Any, content_type: str = "application/csp-report") -> str:
    with written_logs() as lines:
        answer = Client().post("/policy-report/", body, content_type=content_type)
    assert answer.status_code == 204
    return lines.getvalue()


def test_s11_a_report_is_a_line_of_the_log() -> None:
    line = json.loads(told_by(json.dumps({"csp-report": REPORT})).splitlines()[0])
    assert (line["event"], line["effective_directive"], line["blocked_uri"]) == (
        "policy_report",
        "script-src-elem",
        "inline",
    )


def test_s11_a_report_tells_neither_what_was_searched_nor_what_was_written() -> None:
    said = told_by(json.dumps({"csp-report": REPORT}))
    assert "Noura" not in said
    assert "secret()" not in said


@pytest.mark.parametrize(
    "body",
    [
        *("", "{", "[]", "null", '"x"', "{}", '{"csp-report": []}', '{"csp-report": {}}', "[" * 10_000),
        json.dumps({"csp-report": {"blocked-uri": "x" * 17_000}}),
        b"\xff\xfe".decode("latin-1"),
    ],
)
def test_s11_what_is_no_report_is_answered_alike_and_forgotten(body: str) -> None:
    assert "policy_report" not in told_by(body)


def test_s11_a_word_of_a_report_is_bounded() -> None:
    said = told_by(json.dumps({"csp-report": {**REPORT, "blocked-uri": "y" * 5_000}}))
    assert "y" * 200 in said
    assert "y" * 201 not in said


def test_s11_nobody_fills_the_log_with_reports() -> None:
    told = "".join(told_by(json.dumps({"csp-report": REPORT})) for _ in range(MOST_A_MINUTE + 20))
    assert MOST_A_MINUTE <= told.count('"policy_report"') <= MOST_A_MINUTE * 2  # the minute may turn in between
