"""A file somebody put into the second place breaks no bundle off: the bundle holds that it says no seal."""

import json
import zipfile
from pathlib import Path

import pytest

from backoffice.audit.verifying.checking import verify
from tests.audit.conftest import second_place  # noqa: F401 - a fixture
from tests.audit.sealing.sealed_log import three_seals
from tests.audit.sealing.test_malformed_files import MALFORMED
from tests.exports.bundles.offline import bundle_in, run

pytestmark = pytest.mark.usefixtures("committed")


def test_a_bundle_holds_every_malformed_file_by_name_and_its_verifier_says_what_the_page_says(
    second_place: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    three_seals()
    for number, put in enumerate(MALFORMED.values(), 10):
        put(second_place / f"seal-{number:09}.json")
    path = bundle_in(tmp_path)
    with zipfile.ZipFile(path) as bundle:
        lines = [json.loads(line) for line in bundle.read("second-place.jsonl").splitlines()]
    assert [line["file"] for line in lines[3:]] == [
        f"seal-{number:09}.json" for number in range(10, 10 + len(MALFORMED))
    ]
    code, said = run(path)
    assert code == 1
    assert verify().sentence in said
