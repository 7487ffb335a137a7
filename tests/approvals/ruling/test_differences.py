"""What differs between two versions."""

from backoffice.approvals.ruling import showing_differences
from backoffice.approvals.ruling.differences import Change, differences
from tests.approvals.ruling.cast import a_rule


def test_the_same_said_with_other_digits_is_no_difference() -> None:
    before, after = a_rule(name="A", asset="USD", at_least="10"), a_rule(name="A", asset="USD", at_least="10.00")
    assert not differences([before], [after], {}, {})


def test_it_tells_added_removed_changed_and_renamed_apart() -> None:
    before = [a_rule(name="Gone"), a_rule(name="Other", people_needed=1), a_rule("deposit", name="Old name")]
    after = [a_rule("closing", name="New"), a_rule(name="Other", people_needed=2), a_rule("deposit", name="New name")]
    found = differences(before, after, {}, {})
    assert {(one.rule.name, one.change) for one in found.rules} == {
        ("New", Change.ADDED),
        ("Gone", Change.REMOVED),
        ("Other", Change.CHANGED),
        ("New name", Change.RENAMED),
    }


def test_a_changed_rule_is_told_in_sentences() -> None:
    before = a_rule(name="Large", asset="USD", at_least="10000")
    after = a_rule(name="Large", asset="USD", at_least="5000", people_needed=2)
    [row] = showing_differences.differences_of(differences([before], [after], {}, {}))
    assert row.before == "Withdrawals of 10,000 USD or more: 1 other person, within 24 hours."
    assert row.after == "Withdrawals of 5,000 USD or more: 2 other people, within 24 hours."


def test_who_joined_and_who_left_a_group_is_told() -> None:
    found = differences([], [], {"VIP": ["a", "b"], "Gone": ["c"]}, {"VIP": ["b", "d"], "New": []})
    told = {one.name: (one.change, one.joined, one.left) for one in found.groups}
    assert told == {
        "Gone": (Change.REMOVED, (), ("c",)),
        "New": (Change.ADDED, (), ()),
        "VIP": (Change.CHANGED, ("d",), ("a",)),
    }
    assert showing_differences.differences_of(found)[2].notes == ("Joined (1): d", "Left (1): a")


def test_the_order_of_a_group_says_nothing() -> None:
    assert not differences([], [], {"VIP": ["a", "b"]}, {"VIP": ["b", "a"]})
