"""Exceptions survive the runs that see them: opened once, told when changed, cleared by data, back if changed."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from backoffice.accounts.models import Person
from backoffice.funding.models import Operation
from backoffice.funding.states import State
from backoffice.orders.models import Order
from backoffice.reconciliation.exceptions.opening import Taken, take_in
from backoffice.reconciliation.exceptions.severity import company_zone, due_at
from backoffice.reconciliation.models import ExceptionEvent, ExceptionItem, ExceptionState, Run, Severity, Sighting
from tests.reconciliation import rows
from tests.reconciliation.exceptions.world import NEXT_DAY, item, run_over, taken
from tests.reconciliation.rows import NOON, Ours, Theirs

pytestmark = pytest.mark.django_db


def half_short(reference: str = "dep-1", **theirs: Any) -> Order:
    """A deposit of 500.00 of which CoinMENA says 499.50."""
    rows.operation(Ours(reference=reference))
    return rows.order(Theirs(reference=reference, amount=Decimal("499.50"), **theirs))


def kinds(key: str) -> list[str]:
    return list(ExceptionEvent.objects.filter(exception__key=key).order_by("id").values_list("kind", flat=True))


def resolve(key: str, by: Person) -> None:
    """End it without force, whatever the words."""
    ExceptionItem.objects.filter(key=key).update(
        state=ExceptionState.RESOLVED,
        resolution="linked",
        resolution_text="It is the other one.",
        resolved_by=by,
        ended_at=timezone.now(),
    )


def test_what_a_run_finds_wrong_becomes_an_exception_with_both_sides() -> None:
    order = half_short()
    assert taken() == Taken(opened=1)
    found = item("operation:dep-1")
    assert (found.verdict, found.client, found.asset) == ("amount_differs", "user_1", "USD")
    assert (found.difference, found.at_risk) == (Decimal("-0.50"), Decimal("0.50"))
    assert (found.state, found.severity, found.owner) == ("open", "low", None)
    assert (found.order_id, found.at, str(found.day)) == (order.pk, order.created_at, "2026-11-18")
    assert found.sightings.get().verdict == "amount_differs"


def test_an_order_of_nobody_is_an_exception_of_its_own_and_high() -> None:
    order = rows.order(Theirs(reference=None, amount=Decimal("12.00")))
    taken()
    found = item(f"order:{order.pk}")
    assert (found.verdict, found.operation, found.difference) == ("extra_at_partner", None, Decimal("12.00"))
    assert found.severity == Severity.HIGH


def test_a_withdrawal_missing_at_the_partner_is_what_left_with_us_only() -> None:
    rows.operation(Ours(reference="wd-1", kind="withdrawal", amount=Decimal("80.00")))
    taken(absent=("wd-1",))
    assert (item("operation:wd-1").difference, item("operation:wd-1").at_risk) == (Decimal("80.00"), Decimal("80.00"))


def test_of_several_orders_under_one_reference_each_is_an_exception() -> None:
    rows.operation(Ours(reference="dep-1"))
    rows.order(Theirs(reference="dep-1"))
    second = rows.order(Theirs(reference="dep-1"))
    assert taken() == Taken(opened=2)
    assert item("operation:dep-1").difference == 0
    assert item(f"order:{second.pk}").difference == Decimal("500.00")


def test_two_assets_are_not_subtracted() -> None:
    rows.operation(Ours(reference="dep-1"))
    rows.order(Theirs(reference="dep-1", asset="BHD"))
    taken()
    assert (item("operation:dep-1").difference, item("operation:dep-1").at_risk) == (None, Decimal("500.00"))


def test_what_matches_or_waits_is_no_exception() -> None:
    rows.operation(Ours(reference="dep-1"))
    rows.order(Theirs(reference="dep-1"))
    rows.operation(Ours(reference="dep-2", state=State.UNKNOWN))
    assert taken() == Taken()
    assert not ExceptionItem.objects.exists()


def test_a_later_run_that_sees_the_same_adds_nothing() -> None:
    half_short()
    taken()
    assert taken() == Taken(seen=1)
    assert (ExceptionItem.objects.count(), Sighting.objects.count(), kinds("operation:dep-1")) == (1, 1, [])


def test_the_same_run_taken_in_twice_changes_nothing() -> None:
    half_short()
    run = run_over()
    take_in(run)
    assert take_in(run) == Taken()
    assert Sighting.objects.count() == 1


def test_an_older_run_does_not_undo_what_a_newer_one_said() -> None:
    order = half_short()
    older = run_over()
    Order.objects.filter(pk=order.pk).update(debit=Decimal("499.00"))
    take_in(run_over())
    assert take_in(older) == Taken()
    assert item("operation:dep-1").difference == Decimal("-1.00")


def test_a_change_is_told_and_the_newest_amounts_stand() -> None:
    order = half_short()
    taken()
    Order.objects.filter(pk=order.pk).update(debit=Decimal("400.00"))
    assert taken() == Taken(seen=1, changed=1)
    told = ExceptionEvent.objects.get()
    assert (told.kind, told.before, told.after) == ("changed", "amount_differs -0.50 USD", "amount_differs -100.00 USD")
    assert item("operation:dep-1").at_risk == Decimal("100.00")


def test_it_grows_graver_when_more_is_at_risk_and_never_milder() -> None:
    rows.operation(Ours(reference="dep-1", amount=Decimal("30000.00")))
    order = rows.order(Theirs(reference="dep-1", amount=Decimal("29999.00")))
    taken()
    assert item("operation:dep-1").severity == Severity.LOW
    Order.objects.filter(pk=order.pk).update(debit=Decimal("1.00"))
    taken()
    assert item("operation:dep-1").severity == Severity.HIGH
    Order.objects.filter(pk=order.pk).update(debit=Decimal("29999.50"))
    taken()
    assert item("operation:dep-1").severity == Severity.HIGH


def test_partner_data_that_agrees_clears_it() -> None:
    order = half_short()
    taken()
    Order.objects.filter(pk=order.pk).update(debit=Decimal("500.00"))
    assert taken() == Taken(cleared=1)
    assert item("operation:dep-1").state == ExceptionState.CLEARED
    assert (item("operation:dep-1").ended_at is not None, kinds("operation:dep-1")) == (True, ["cleared"])


def test_a_run_of_another_window_leaves_it_as_it_is() -> None:
    half_short()
    taken()
    assert taken(NEXT_DAY, NEXT_DAY + timedelta(days=1)) == Taken()
    assert item("operation:dep-1").state == ExceptionState.OPEN


def test_a_run_that_cannot_decide_leaves_it_as_it_is() -> None:
    rows.operation(Ours(reference="dep-1"))
    taken(absent=("dep-1",))
    take_in(run_over(read_to=None, is_complete=False))
    assert item("operation:dep-1").state == ExceptionState.OPEN


def test_an_order_that_came_the_next_day_clears_what_was_missing() -> None:
    rows.operation(Ours(reference="dep-1", at=NEXT_DAY - timedelta(minutes=5)))
    taken(absent=("dep-1",))
    rows.order(Theirs(reference="dep-1", at=NEXT_DAY + timedelta(minutes=5)))
    assert taken(NEXT_DAY, NEXT_DAY + timedelta(days=1)) == Taken(cleared=1)
    assert item("operation:dep-1").state == ExceptionState.CLEARED


def test_an_order_of_nobody_that_finds_its_pair_is_cleared_though_the_pair_differs() -> None:
    order = rows.order(Theirs(reference="dep-1", amount=Decimal("1.00")))
    taken()
    rows.operation(Ours(reference="dep-1"))
    assert taken() == Taken(opened=1, cleared=1)
    assert (item(f"order:{order.pk}").state, item("operation:dep-1").state) == ("cleared", "open")


def test_what_was_cleared_and_differs_again_comes_back_due_from_now() -> None:
    order = half_short()
    taken()
    Order.objects.filter(pk=order.pk).update(debit=Decimal("500.00"))
    taken()
    Order.objects.filter(pk=order.pk).update(debit=Decimal("499.50"))
    assert taken() == Taken(seen=1, changed=1)
    back = item("operation:dep-1")
    assert (back.state, back.ended_at, kinds("operation:dep-1")) == ("open", None, ["cleared", "reopened"])
    assert back.due_at - timezone.now() > timedelta(days=2)


def test_what_was_resolved_stays_so_while_nothing_changes(maya: Person) -> None:
    half_short()
    taken()
    resolve("operation:dep-1", maya)
    assert taken() == Taken(seen=1)
    assert item("operation:dep-1").state == ExceptionState.RESOLVED


@pytest.mark.parametrize(
    "change",
    [
        {"debit": Decimal("499.00")},
        {"status": "failed"},
        {"type": "buy"},
        {"debit_asset_id": "BHD"},
        {"partner_client_id": "user_2"},
    ],
)
def test_what_was_resolved_comes_back_when_verdict_or_amounts_change(maya: Person, change: dict[str, Any]) -> None:
    order = half_short()
    taken()
    resolve("operation:dep-1", maya)
    Order.objects.filter(pk=order.pk).update(**change)
    taken()
    back = item("operation:dep-1")
    assert (back.state, back.resolution, back.resolved_by, back.ended_at) == ("open", "", None, None)


def test_what_was_made_elsewhere_for_one_client_comes_back_as_another_s(maya: Person) -> None:
    order = rows.order(Theirs(reference=None))
    taken()
    resolve(f"order:{order.pk}", maya)
    assert taken() == Taken(seen=1)
    Order.objects.update(partner_client_id="user_2")
    taken()
    assert (item(f"order:{order.pk}").state, item(f"order:{order.pk}").client) == ("open", "user_2")


def test_what_was_resolved_stays_so_when_only_words_of_the_partner_change(maya: Person) -> None:
    half_short(status="pending")
    taken()
    resolve("operation:dep-1", maya)
    Order.objects.update(status="rejected")
    assert taken() == Taken(seen=1, changed=1)
    assert (item("operation:dep-1").state, kinds("operation:dep-1")) == ("resolved", ["changed"])


def test_what_was_carried_forward_comes_back_when_it_changes() -> None:
    order = half_short()
    taken()
    ExceptionItem.objects.update(state=ExceptionState.CARRIED, resolution="timing", resolution_text="Tomorrow.")
    taken()
    assert item("operation:dep-1").state == ExceptionState.CARRIED
    Order.objects.filter(pk=order.pk).update(debit=Decimal("499.00"))
    taken()
    assert item("operation:dep-1").state == ExceptionState.OPEN


def test_a_run_of_a_source_that_feeds_nothing_opens_nothing() -> None:
    run = run_over()
    assert take_in(Run(pk=run.pk, source="transactions", finished_at=run.finished_at)) == Taken()


def test_what_is_open_when_an_operation_moved_on_without_an_order_waits_for_a_run_that_decides() -> None:
    """A completed operation CoinMENA did not have; the next run has not looked it up again."""
    rows.operation(Ours(reference="dep-1"))
    taken(absent=("dep-1",))
    assert taken() == Taken()
    assert (item("operation:dep-1").state, Operation.objects.get().state) == ("open", "completed")


def test_the_day_is_the_company_s_and_not_the_partner_s() -> None:
    rows.order(Theirs(reference=None, at=NOON + timedelta(hours=9, minutes=30)))
    taken()
    assert str(ExceptionItem.objects.get().day) == "2026-11-19"


def six(z, one, two, few, many, hundred=None):
    return [z, one, two, few, many, hundred or z]


T = {
    "Whose act it would undo: may not decide on it either": "من سيُبطَل فعله بهذا: لا يجوز له البت فيه أيضًا",
    "Would undo their own act": "سيُبطل ما فعله بنفسه",
    "You cannot decide on this: it would undo what you did.": "لا يمكنك البت في هذا: سيُبطل ما فعلته أنت.",
    "Every closing by hand needs one other person, within 7 days.": "كل إغلاق يدوي يتطلب شخصًا آخر واحدًا، خلال 7 أيام.",
    "Every release needs one other person, who is not the one who froze, within 24 hours.": "كل فك تجميد يتطلب شخصًا آخر واحدًا، غير الذي جمّد، خلال 24 ساعة.",
    "Asked for a closing by two people": "طلب إغلاقًا من جانب شخصين",
    "Rejected a closing": "رفض إغلاقًا",
    "Took a closing back": "تراجع عن طلب إغلاق",
    "A closing expired": "انتهت مدة طلب إغلاق",
    "Read the evidence of a closing": "اطّلع على أدلة إغلاق",
    "An order speaks against how an operation ended": "أمر يناقض ما انتهت إليه عملية",
    "Settled what an order said against how an operation ended": "حسم مسألة أمر يناقض ما انتهت إليه عملية",
    "Uploaded a file of operations": "رفع ملف عمليات",
    "Confirmed a file of operations by its sums": "أكّد ملف عمليات بمجاميعه",
    "Discarded a file of operations": "ألغى ملف عمليات",
    "Refused a row of a file": "رُفض صف من ملف",
    "Came to the end of a file of operations": "اكتملت معالجة ملف عمليات",
    "Froze what leaves": "جمّد ما يخرج",
    "Asked for the release of a freeze": "طلب فك تجميد",
    "Released a freeze": "فك تجميدًا",
    "Rejected the release of a freeze": "رفض فك تجميد",
    "Took back the wish to release a freeze": "تراجع عن طلب فك تجميد",
    "Nobody decided in time on the release of a freeze": "لم يبتّ أحد في طلب فك تجميد في الوقت المحدد",
    "Freeze": "التجميد",
    "Write deposit or withdrawal.": "اكتب deposit (إيداع) أو withdrawal (سحب).",
    "Say whose balance this is for: the client's id at CoinMENA.": "حدّد لرصيد مَن هذا: معرّف العميل لدى CoinMENA.",
    "There is no such asset. Write its code as CoinMENA does, for example USD.": "لا يوجد أصل كهذا. اكتب رمزه كما تكتبه CoinMENA، مثل USD.",
    "At most %(most)d characters; this has %(found)d.": "الحد الأقصى %(most)d حرفًا؛ في هذا %(found)d.",
    "A cell may not begin with =, +, - or @: a spreadsheet would run it as a formula.": "لا يجوز أن تبدأ الخلية بأحد الرموز = أو + أو - أو @: سينفّذها برنامج الجداول على أنها صيغة.",
    "To be confirmed": "بانتظار التأكيد",
    "%(n)d row refused": six("رُفض %(n)d صف", "رُفض %(n)d صف", "رُفض %(n)d صفان", "رُفضت %(n)d صفوف", "رُفض %(n)d صفًا"),
    "Progress": "التقدم",
    "Uploaded by": "رفعه",
    "Uploaded": "وقت الرفع",
    "Line": "السطر",
    "Refused because": "سبب الرفض",
    "Choose a file.": "اختر ملفًا.",
    "The file did not arrive whole. Upload it again.": "لم يصل الملف كاملًا. ارفعه من جديد.",
    "Type the number of rows in digits, for example 24.": "اكتب عدد الصفوف بالأرقام، مثل 24.",
    "Number of rows": "عدد الصفوف",
    "Type how many rows your own list has.": "اكتب عدد الصفوف في قائمتك أنت.",
    "Yes, these are other payments": "نعم، هذه دفعات أخرى",
    "Confirm it, or discard the file.": "أكّد ذلك، أو ألغِ الملف.",
    "Upload": "رفع ملف",
    "Bulk files": "الملفات المجمّعة",
    "%(n)d cell needs another look.": six(
        "%(n)d خلية تحتاج إلى مراجعة.",
        "%(n)d خلية تحتاج إلى مراجعة.",
        "%(n)d خليتان تحتاجان إلى مراجعة.",
        "%(n)d خلايا تحتاج إلى مراجعة.",
        "%(n)d خلية تحتاج إلى مراجعة.",
    ),
    "It is in %(n)d row.": six(
        "وذلك في %(n)d صف.", "وذلك في %(n)d صف.", "وذلك في %(n)d صفين.", "وذلك في %(n)d صفوف.", "وذلك في %(n)d صفًا."
    ),
    "Confirmed": "وقت التأكيد",
    "Discarded": "ملغى",
    "%(done)d of %(rows)d rows dealt with": "الصفوف المعالَجة %(done)d من %(rows)d",
    "It has not been confirmed yet.": "لم يُؤكَّد بعد.",
    "Its operations are being created.": "يجري إنشاء عملياته.",
    "It is done: see below what became of its rows.": "اكتملت معالجته: انظر أدناه ما آلت إليه صفوفه.",
    "This very file was uploaded before, by %(name)s on %(when)s.": "سبق رفع هذا الملف نفسه من جانب %(name)s في %(when)s.",
    "From file": "من الملف",
    "line %(n)d": "السطر %(n)d",
    "Only %(name)s, who uploaded it, can confirm or discard this file.": "لا يمكن تأكيد هذا الملف أو إلغاؤه إلا ممن رفعه: %(name)s.",
    "This file was confirmed or discarded already. Read the page again.": "سبق تأكيد هذا الملف أو إلغاؤه. اقرأ الصفحة من جديد.",
    "%(name)s, who confirmed this file, may not ask for operations any more.": "لم يعد يحق لمن أكّد هذا الملف، %(name)s، طلب العمليات.",
    "The file holds a header and no rows. Add one row for each deposit or withdrawal.": "في الملف سطر عناوين بلا صفوف. أضف صفًا لكل إيداع أو سحب.",
    "The file is larger than 2 MB. Split it into files of at most %(most)s rows each.": "الملف أكبر من 2 ميغابايت. قسّمه إلى ملفات لا يزيد كل منها على %(most)s صف.",
    "The file is not UTF-8 text. In Excel choose Save As, then “CSV UTF-8 (Comma delimited)”.": "الملف ليس نصًا بترميز UTF-8. في Excel اختر «حفظ باسم» (Save As) ثم «CSV UTF-8 (Comma delimited)».",
    "This is a workbook, not a CSV file. In Excel choose Save As, then “CSV UTF-8 (Comma delimited)”.": "هذا مصنّف Excel وليس ملف CSV. في Excel اختر «حفظ باسم» (Save As) ثم «CSV UTF-8 (Comma delimited)».",
    "The file is empty. Its first line must be: %(header)s": "الملف فارغ. يجب أن يكون سطره الأول: %(header)s",
    "Line %(line)d holds a carriage return by itself, so nobody can tell where its rows end. In Excel choose Save As, then “CSV UTF-8 (Comma delimited)”.": "في السطر %(line)d محرف رجوع (CR) منفرد، فلا يمكن معرفة أين تنتهي صفوفه. في Excel اختر «حفظ باسم» (Save As) ثم «CSV UTF-8 (Comma delimited)».",
    "Line %(line)d is longer than %(most)s characters. A row holds five short cells.": "السطر %(line)d أطول من %(most)s حرف. الصف خمس خلايا قصيرة.",
    "The file has more than %(most)s rows. Split it into several files.": "في الملف أكثر من %(most)s صف. قسّمه إلى عدة ملفات.",
    "The column “%(name)s” is missing.": "العمود «%(name)s» مفقود.",
    "A column stands in the header twice.": "يرد عمود مرتين في سطر العناوين.",
    "The header has columns that are not known here.": "في سطر العناوين أعمدة غير معروفة هنا.",
    "The first line must name these columns, in any order: %(header)s": "يجب أن يذكر السطر الأول هذه الأعمدة، بأي ترتيب: %(header)s",
    "A quote is opened and not closed on this line, or stands inside a cell. A cell holds one line of text.": "في هذا السطر علامة اقتباس فُتحت ولم تُغلق، أو وردت داخل خلية. الخلية سطر واحد من النص.",
    "This row has %(found)d cells and the header %(expected)d. Put quotes around a cell with a separator.": "عدد خلايا هذا الصف %(found)d، وفي سطر العناوين %(expected)d. ضع علامتي اقتباس حول الخلية التي فيها فاصل.",
    "This cell holds a tab or another character that cannot be seen. Type it again.": "في هذه الخلية علامة جدولة أو محرف آخر لا يُرى. اكتبها من جديد.",
    "The file has %(rows)d rows. Compare it with your own list.": "عدد صفوف الملف %(rows)d. قارنه بقائمتك أنت.",
    "The file adds up to %(money)s. Compare it with your own list.": "مجموع الملف %(money)s. قارنه بقائمتك أنت.",
    "the balance has not been read yet": "لم يُقرأ الرصيد بعد",
    "Nothing frozen": "لا شيء مجمَّد",
    "%(frozen)s It would be held until that is released.": "%(frozen)s ستُحتجز العملية حتى يُفك التجميد.",
    "everything": "كل شيء",
    "this client": "هذا العميل",
    "money out": "الأموال الخارجة",
    "Sending is on": "الإرسال جارٍ",
    "neither halted nor paused": "ليس متوقفًا ولا متوقفًا مؤقتًا",
    "Nothing of this client in doubt": "لا شيء لهذا العميل قيد الشك",
    "Do not fund around it: it may have been paid.": "لا تموّل التفافًا عليها: ربما دُفعت.",
    "The one before moved nothing": "العملية السابقة لم تحرّك أموالًا",
    "Your decision binds to this content": "قرارك مرتبط بهذا المحتوى",
    "checked again just before sending": "يُفحص من جديد قبيل الإرسال",
    "%(name)s, %(moment)s, %(state)s": "%(name)s، %(moment)s، %(state)s",
    "All pass": "كلها ناجحة",
    "%(n)d pass": "الناجح %(n)d",
    "%(n)d to look at": "للنظر فيه %(n)d",
    "%(n)d not yet": "ليس بعد %(n)d",
    "%(name)s is empty. Choose the file again.": "%(name)s فارغ. اختر الملف من جديد.",
    "%(name)s is larger than 5 MB. Attach the page that matters.": "%(name)s أكبر من 5 ميغابايت. أرفق الصفحة المهمة فقط.",
    "%(name)s: attach PDF, PNG, JPEG, CSV, TXT or EML.": "%(name)s: أرفق ملفًا من نوع PDF أو PNG أو JPEG أو CSV أو TXT أو EML.",
    "%(name)s does not hold what its name says. Choose the original file.": "محتوى %(name)s ليس ما يدل عليه اسمه. اختر الملف الأصلي.",
    "Attach %(fewest)d to %(most)d files: what CoinMENA stated.": "أرفق من %(fewest)d إلى %(most)d ملفات: ما أفادت به CoinMENA.",
    "What became of it": "ما آلت إليه",
    "Say what became of it.": "اذكر ما آلت إليه.",
    "Order it was completed with": "الأمر الذي اكتملت به",
    "What CoinMENA stated": "ما أفادت به CoinMENA",
    "Who said it, when and how. Seen by the manager who signs and by auditors.": "من قاله، ومتى وكيف. يراه المدير الذي يوقّع والمدققون.",
    "Say what CoinMENA stated, and who said it.": "اذكر ما أفادت به CoinMENA، ومن قاله.",
    "Evidence": "الأدلة",
    "One to five files: PDF, PNG, JPEG, CSV, TXT or EML, at most 5 MB each.": "من ملف واحد إلى خمسة ملفات: PDF أو PNG أو JPEG أو CSV أو TXT أو EML، لا يزيد كل منها على 5 ميغابايت.",
    "What was done about it": "ما اتُّخذ بشأنه",
    "Say what was done about it, so that auditors understand it.": "اذكر ما اتُّخذ بشأنه ليفهمه المدققون.",
    "type": "النوع",
    "client": "العميل",
    "asset": "الأصل",
    "amount": "المبلغ",
    "amount on the other side": "المبلغ في الجانب الآخر",
    "The mirror holds no order under this reference": "لا أمر في النسخة المحلية بهذا المرجع",
    "Order %(id)d is the order of another operation": "الأمر %(id)d هو أمر عملية أخرى",
    "CoinMENA shows a completed order, %(id)d": "تُظهر CoinMENA أمرًا مكتملًا، %(id)d",
    "CoinMENA shows order %(id)d as %(status)s": "تُظهر CoinMENA الأمر %(id)d بالحالة %(status)s",
    "It is not final: it can still be completed.": "حالته غير نهائية: لا يزال من الممكن أن يكتمل.",
    "Order %(id)d differs in the %(field)s: asked for %(ours)s, CoinMENA says %(theirs)s": "الأمر %(id)d مختلف في %(field)s: المطلوب %(ours)s، وتقول CoinMENA %(theirs)s",
    "Reconciliation goes on showing this.": "تستمر المطابقة في إظهار ذلك.",
    "No look-up has had a usable answer yet": "لم يأتِ أي استعلام برد صالح بعد",
    "The last look-up found an order": "وجد آخر استعلام أمرًا",
    "The last look-up found nothing, although an order was known": "لم يجد آخر استعلام شيئًا، مع أن أمرًا كان معروفًا",
    "The last look-up found no order": "لم يجد آخر استعلام أي أمر",
    "The operation ends as completed, with order %(order)s. Nothing is sent. It cannot be undone.": "تنتهي العملية بحالة «اكتمل»، بالأمر %(order)s. لا يُرسل شيء. لا يمكن التراجع عن ذلك.",
    "The operation ends as failed; nothing is sent. Finance may then make one copy, which pays anew. If the order turns up after all, it is reported here and to everybody.": "تنتهي العملية بحالة «فشل»؛ ولا يُرسل شيء. يمكن للمالية بعد ذلك إنشاء نسخة واحدة تدفع من جديد. وإذا ظهر الأمر رغم ذلك، يُبلَّغ عنه هنا ويُبلَّغ به الجميع.",
    "Close deposit of %(money)s as completed?": "إغلاق إيداع %(money)s بحالة «اكتمل»؟",
    "Close withdrawal of %(money)s as completed?": "إغلاق سحب %(money)s بحالة «اكتمل»؟",
    "Close deposit of %(money)s as failed?": "إغلاق إيداع %(money)s بحالة «فشل»؟",
    "Close withdrawal of %(money)s as failed?": "إغلاق سحب %(money)s بحالة «فشل»؟",
    "Claimed": "النتيجة المقترحة",
    "In doubt since": "قيد الشك منذ",
    "Closing by two people": "إغلاق من جانب شخصين",
    "Close by two people": "إغلاق من جانب شخصين",
    "CoinMENA now shows a completed order, %(order)d: close it as completed.": "تُظهر CoinMENA الآن أمرًا مكتملًا، %(order)d: أغلق العملية بحالة «اكتمل».",
    "CoinMENA shows order %(order)d, which is not final. Ask CoinMENA what becomes of it.": "تُظهر CoinMENA الأمر %(order)d، وحالته غير نهائية. اسأل CoinMENA عمّا سيؤول إليه.",
    "Waits for a manager": "ينتظر مديرًا",
    "Signed by": "وقّعه",
    "Rejected by": "رفضه",
    "%(name)s has asked to close it. A manager can sign until %(moment)s.": "طُلب إغلاقها من جانب %(name)s. يمكن لمدير التوقيع حتى %(moment)s.",
    "It is still being looked up. Only what goes to review is closed by people.": "لا يزال يُستعلم عنها. لا يغلق الأشخاص إلا ما يُحال إلى المراجعة.",
    "Only an operation in review is closed by two people.": "لا يغلق شخصان إلا عملية قيد المراجعة.",
    "A closing waits for a manager already. Take it back before asking for another.": "هناك طلب إغلاق ينتظر مديرًا. ألغِه قبل طلب إغلاق آخر.",
    "CoinMENA shows a completed order under this reference, %(order)d: close it as completed.": "تُظهر CoinMENA أمرًا مكتملًا بهذا المرجع، %(order)d: أغلق العملية بحالة «اكتمل».",
    "The last look-up found an order that could not be stored. Find out what it says first.": "وجد آخر استعلام أمرًا تعذر تخزينه. تحقق أولًا مما يفيد به.",
    "No completed order is known under this reference. An order of another reference never counts.": "لا أمر مكتملًا معروفًا بهذا المرجع. لا يُعتد أبدًا بأمر يحمل مرجعًا آخر.",
    "Several completed orders stand under this reference. Choose the one that is meant.": "هناك عدة أوامر مكتملة بهذا المرجع. اختر المقصود منها.",
    "This order is not a completed one under this reference. Choose another.": "هذا الأمر ليس أمرًا مكتملًا بهذا المرجع. اختر أمرًا آخر.",
    "This order belongs to another operation already.": "هذا الأمر يخص عملية أخرى بالفعل.",
    "This has been settled already. Read the page again.": "سبق حسم هذه المسألة. اقرأ الصفحة من جديد.",
    "Closing by two people asked": "طُلب إغلاق من جانب شخصين",
    "Closing signed": "وُقّع الإغلاق",
    "Closing rejected": "رُفض الإغلاق",
    "Closed by two people (%(key)s): %(asked)s asked, %(signed)s signed. %(reason)s.": "أغلقها شخصان (%(key)s): الطلب: %(asked)s، التوقيع: %(signed)s. %(reason)s.",
    " and ": " و",
    "Sign the closing": "توقيع الإغلاق",
    "The closing ends here and the operation stays in review. %(name)s sees your reason and can ask for another closing. A rejection cannot be undone.": "ينتهي طلب الإغلاق هنا وتبقى العملية قيد المراجعة. يظهر سببك لمقدّم الطلب %(name)s ويمكن طلب إغلاق آخر. لا يمكن التراجع عن الرفض.",
    "Two people": "شخصان",
    "Rings": "التنبيهات",
    "Try again": "إعادة المحاولة",
    "Retry of": "إعادة محاولة للعملية",
    "Tried again as": "أُعيدت المحاولة بالعملية",
    "Retry of the one before": "إعادة محاولة للسابقة",
    "Copy to a new request": "نسخ إلى طلب جديد",
    "Copy of the one before": "نسخة من السابقة",
    "The first": "الأولى",
    "not found": "غير موجود",
    "last %(age)s ago: %(result)s": "آخرها قبل %(age)s: %(result)s",
    "The last “not found” may have come from somewhere in between.": "ربما جاء آخر رد «غير موجود» من مكان بيننا وبين CoinMENA.",
    "Another partner's order is a “not found” too.": "أمر شريك آخر يعطي الرد «غير موجود» أيضًا.",
    "Asked once the clocks are past the bound; a completed operation must be known.": "يُسأل عنه متى تجاوزت الساعتان الحد؛ ويجب أن تكون هناك عملية مكتملة معروفة.",
    "One “not found” that counts is not enough.": "رد واحد «غير موجود» يُعتد به لا يكفي.",
    "the reference is not in it": "المرجع ليس فيها",
    "Read once everything before holds.": "تُقرأ متى تحقق كل ما سبق.",
    "request signed, plus %(span)s: from %(moment)s on": "توقيع الطلب، زائد %(span)s: ابتداءً من %(moment)s",
    "· %(met)d of %(all)d conditions, all must hold": "· تحقق من الشروط %(met)d من %(all)d، ويجب أن تتحقق كلها",
    "No look-up has answered “not found” yet.": "لم يأتِ أي استعلام بالرد «غير موجود» بعد.",
    "Last read": "آخر رصيد مقروء",
    "before sending": "قبل الإرسال",
    "If applied": "إذا نُفّذت",
    "Balance at CoinMENA, %s": "الرصيد لدى CoinMENA، %s",
    "Then every": "ثم كل",
    "as soon as a worker is free": "متى تفرّغ المنفّذ الآلي",
    "%(moment)s, in %(span)s": "%(moment)s، خلال %(span)s",
    "Try again or copy": "إعادة المحاولة أو النسخ",
    "Name of the file": "اسم الملف",
    "Money out: withdrawals only": "الأموال الخارجة: السحوبات فقط",
    "One asset, both ways": "أصل واحد، في الاتجاهين",
    "One client, both ways": "عميل واحد، في الاتجاهين",
    "Say what is to be frozen.": "حدّد ما يُراد تجميده.",
    "Only for one asset.": "لأصل واحد فقط.",
    "Only for one client: the id, or the whole name.": "لعميل واحد فقط: المعرّف أو الاسم الكامل.",
    "Seen by everybody whose payments are held.": "يراه كل من احتُجزت مدفوعاته.",
    "Say why, so that others know when it can be released.": "اذكر السبب ليعرف الآخرون متى يمكن فك التجميد.",
    "Choose the asset to be frozen.": "اختر الأصل المراد تجميده.",
    "Say which client is to be frozen.": "حدّد العميل المراد تجميده.",
    "Seen by the manager who decides and by auditors.": "يراه المدير الذي يقرر والمدققون.",
    "Say why it may flow again.": "اذكر لماذا يجوز أن تعود الحركة.",
    "CoinMENA refused our signature three times in a row. Check the key, the clock and the address list.": "رفضت CoinMENA توقيعنا ثلاث مرات متتالية. تحقق من المفتاح والساعة وقائمة العناوين.",
    "Run `manage.py doctor`. Look at this machine's clock first, then at COINMENA_PRIVATE_KEY and COINMENA_PARTNER_ID, then ask CoinMENA whether our address is on their list. Nothing that was refused was applied; it waits to be sent.": "شغّل `manage.py doctor`. انظر أولًا في ساعة هذا الجهاز، ثم في COINMENA_PRIVATE_KEY وCOINMENA_PARTNER_ID، ثم اسأل CoinMENA هل عنواننا في قائمتها. لم يُنفّذ شيء مما رُفض؛ إنه ينتظر الإرسال.",
    "Our clock and CoinMENA's differ by more than 10 seconds. Set this machine's clock.": "الفارق بين ساعتنا وساعة CoinMENA أكثر من 10 ثوانٍ. اضبط ساعة هذا الجهاز.",
    "Start the time service of every machine that runs a worker, wait until `manage.py doctor` says that the clocks agree, then resume. A clock that is off makes an early “not found” look like a proof.": "شغّل خدمة ضبط الوقت على كل جهاز يعمل عليه منفّذ آلي، وانتظر حتى يفيد `manage.py doctor` بأن الساعات متفقة، ثم استأنف. الساعة غير المضبوطة تجعل الرد المبكر «غير موجود» يبدو إثباتًا.",
    "The address of CoinMENA or our partner id is not the one of the last payment.": "عنوان CoinMENA أو معرّفنا كشريك ليس ما كان عند آخر دفعة.",
    "Compare COINMENA_BASE_URL and COINMENA_PARTNER_ID on every machine. If the change was not meant, put the settings back and restart. If it was, see that nothing is in doubt under the old ones first: resuming accepts the settings of this web server, and what was sent before can then no longer be looked up.": "قارن COINMENA_BASE_URL وCOINMENA_PARTNER_ID على كل الأجهزة. إذا لم يكن التغيير مقصودًا فأعد الإعدادات كما كانت وأعد التشغيل. وإذا كان مقصودًا فتأكد أولًا من أنه لا شيء قيد الشك بالإعدادات القديمة: الاستئناف يعتمد إعدادات خادم الويب هذا، ولا يمكن بعده الاستعلام عما أُرسل من قبل.",
    "Find out why, put it right, then resume.": "اعرف السبب وأصلحه ثم استأنف.",
    "%(asked)s asked, %(approved)s approved": "الطلب: %(asked)s، الموافقة: %(approved)s",
    "Halted": "متوقف",
    "Last payment's settings": "إعدادات آخر دفعة",
    "This server's": "إعدادات هذا الخادم",
    "At the last payment our clock was %(n)s s ahead of CoinMENA's. From 10 s on sending stops by itself.": "عند آخر دفعة كانت ساعتنا متقدمة على ساعة CoinMENA بمقدار %(n)s ث. ابتداءً من 10 ث يتوقف الإرسال تلقائيًا.",
    "At the last payment our clock was %(n)s s behind CoinMENA's. From 10 s on sending stops by itself.": "عند آخر دفعة كانت ساعتنا متأخرة عن ساعة CoinMENA بمقدار %(n)s ث. ابتداءً من 10 ث يتوقف الإرسال تلقائيًا.",
    "Release of a freeze": "فك تجميد",
    "Release %(what)s?": "فك التجميد عن %(what)s؟",
    "Released": "فُك التجميد",
    "Release asked": "طُلب فك التجميد",
    "Frozen": "مجمَّد",
    "By itself, after a restore": "تلقائيًا، بعد استعادة نسخة احتياطية",
    "Backup of": "وقت النسخة الاحتياطية",
    "%(name)s has asked for it already.": "سبق طلب ذلك من جانب %(name)s.",
    "%(n)d operation is held": six(
        "%(n)d عملية محتجزة",
        "%(n)d عملية محتجزة",
        "%(n)d عمليتان محتجزتان",
        "%(n)d عمليات محتجزة",
        "%(n)d عملية محتجزة",
    ),
    "It has been released already.": "سبق فك التجميد.",
    "You froze it. Two other people release it: one asks, a manager approves.": "أنت من جمّد. يفك التجميد شخصان آخران: أحدهما يطلب، ومدير يوافق.",
    "These are not the settings of the last payment.": "هذه ليست إعدادات آخر دفعة.",
    "%(what)s is frozen since %(moment)s, because a backup was restored.": "مجمَّد منذ %(moment)s بسبب استعادة نسخة احتياطية: %(what)s.",
    "%(what)s is frozen by %(name)s since %(moment)s: %(reason)s": "مجمَّد منذ %(moment)s من جانب %(name)s: %(what)s. السبب: %(reason)s",
    "Release": "فك التجميد",
    "To the freeze": "إلى التجميد",
    "The request ends here and the freeze stays. %(name)s sees your reason, and anybody who may can ask again.": "ينتهي الطلب هنا ويبقى التجميد. يظهر سببك لمقدّم الطلب %(name)s، ويمكن لكل من يحق له ذلك أن يطلب من جديد.",
    "Nothing is sent until a manager has looked and resumed.": "لا يُرسل شيء حتى ينظر مدير في الأمر ويستأنف.",
    "Sending is halted.": "الإرسال متوقف.",
    "CoinMENA asked us to slow down. It goes on by itself at %(moment)s.": "طلبت منا CoinMENA التمهل. يستمر الإرسال تلقائيًا في %(moment)s.",
    "Sending is paused.": "الإرسال متوقف مؤقتًا.",
    "%(n)d freeze is in force.": six(
        "%(n)d تجميد سارٍ.", "%(n)d تجميد سارٍ.", "%(n)d تجميدان ساريان.", "%(n)d تجميدات سارية.", "%(n)d تجميدًا ساريًا."
    ),
    "%(what)s is frozen.": "مجمَّد: %(what)s.",
    "A backup was restored: nothing is sent until two people have looked.": "استُعيدت نسخة احتياطية: لا يُرسل شيء حتى ينظر شخصان في الأمر.",
    "By %(name)s since %(moment)s.": "من جانب %(name)s منذ %(moment)s.",
    "Checked": "فُحص",
    "Being created": "قيد الإنشاء",
    "The line of the file, the header being line 1": "سطر الملف، وسطر العناوين هو السطر 1",
    "It was completed": "اكتملت",
    "Nothing was moved": "لم تتحرك أي أموال",
    "CoinMENA confirmed it in writing": "أكّدت CoinMENA ذلك كتابةً",
    "CoinMENA has no such order": "لا يوجد أمر كهذا لدى CoinMENA",
    "CoinMENA reversed or corrected it": "عكسته CoinMENA أو صحّحته",
    "SHA-256 of all that was received; ``raw`` may hold only its beginning": "قيمة SHA-256 لكل ما ورد؛ قد لا يحفظ ``raw`` إلا بدايته",
    "Money out": "الأموال الخارجة",
    "One asset": "أصل واحد",
    "One client": "عميل واحد",
    "Three refusals of our signature in a row": "رفض توقيعنا ثلاث مرات متتالية",
    "Our clock is off": "ساعتنا غير مضبوطة",
    "Another environment than the last payment's": "بيئة غير بيئة آخر دفعة",
    "Completed after we ended it": "اكتمل بعد أن أنهينا العملية",
    "Turned up after we ended it": "ظهر بعد أن أنهينا العملية",
    "Changed after it was completed": "تغيّر بعد اكتمال العملية",
    "Vanished after it was completed": "اختفى بعد اكتمال العملية",
    "Not certain: an order speaks against it": "غير مؤكد: أمر يناقضه",
    "CoinMENA holds an order of it already: it was sent before a backup was restored.": "لدى CoinMENA أمر لها بالفعل: أُرسلت قبل استعادة نسخة احتياطية.",
    "A backup was restored, and it may have been sent since. First two people release the lock.": "استُعيدت نسخة احتياطية، وربما أُرسلت العملية منذ أُخذت تلك النسخة. على شخصين أولًا فك التجميد.",
    "An order stands under its reference after all. A copy could pay twice.": "هناك رغم ذلك أمر بمرجعها. قد تدفع النسخة مرتين.",
    "A copy stays a deposit or a withdrawal. Make a new operation instead.": "تبقى النسخة إيداعًا أو سحبًا كالأصل. أنشئ عملية جديدة بدلًا من ذلك.",
    "A retry stays with its client. Make a new operation for another client instead.": "تبقى إعادة المحاولة للعميل نفسه. لعميل آخر أنشئ عملية جديدة.",
    "Sending is not halted. Nothing was changed.": "الإرسال ليس متوقفًا. لم يتغير شيء.",
    "Nothing was stored: correct these cells and upload the file again.": "لم يُخزَّن شيء: صحّح هذه الخلايا وارفع الملف من جديد.",
    "The amounts add up to more than %(most)d digits.": "مجموع المبالغ يزيد على %(most)d رقمًا.",
    "The control figures are not those of the file. Compare it with your own list.": "أرقام الضبط ليست أرقام الملف. قارنه بقائمتك أنت.",
    "Confirm that the rows which equal another request are other payments.": "أكّد أن الصفوف المماثلة لطلب آخر هي دفعات أخرى.",
    "A backup was restored, so our rows are older than what CoinMENA holds. Nothing is sent until the orders since the backup are read and reconciled, and two people have looked.": "استُعيدت نسخة احتياطية، فسجلاتنا أقدم مما لدى CoinMENA. لا يُرسل شيء حتى تُقرأ الأوامر منذ تلك النسخة وتُطابَق، وينظر شخصان في الأمر.",
    "This order is completed, although we had ended the operation without it.": "اكتمل هذا الأمر، مع أننا أنهينا العملية من دونه.",
    "This order turned up after we had ended the operation without it.": "ظهر هذا الأمر بعد أن أنهينا العملية من دونه.",
    "CoinMENA changed this order after the operation was completed with it.": "غيّرت CoinMENA هذا الأمر بعد أن اكتملت العملية به.",
    "CoinMENA no longer shows the order the operation was completed with.": "لم تعد CoinMENA تُظهر الأمر الذي اكتملت به العملية.",
    "One request left us, and only one": "خرج من عندنا طلب واحد، ولا طلب سواه",
    "Attempt %(n)d was claimed by %(worker)s before the first byte. No other request carries this reference.": "استلم %(worker)s المحاولة %(n)d قبل أول بايت. لا طلب آخر يحمل هذا المرجع.",
    "Request %(n)d of %(total)d left us, the same bytes under the same reference": "خرج من عندنا الطلب %(n)d من %(total)d، بالبايتات نفسها تحت المرجع نفسه",
    "Attempt %(n)d was claimed by %(worker)s before the first byte. CoinMENA takes a reference once only.": "استلم %(worker)s المحاولة %(n)d قبل أول بايت. لا تقبل CoinMENA المرجع إلا مرة واحدة.",
    "This “not found” counts: it came from CoinMENA itself, late enough by both clocks.": "هذا الرد «غير موجود» يُعتد به: جاء من CoinMENA نفسها، وبعد وقت كافٍ بحسب الساعتين.",
    "Files of operations, newest first": "ملفات العمليات، الأحدث أولًا",
    "%(n)s file": six("%(n)s ملف", "%(n)s ملف", "%(n)s ملفان", "%(n)s ملفات", "%(n)s ملفًا"),
    "No files yet.": "لا ملفات بعد.",
    "A file of deposits or withdrawals makes one operation for each of its rows.": "ملف الإيداعات أو السحوبات يُنشئ عملية واحدة لكل صف من صفوفه.",
    "Rows of bulk files": "صفوف الملفات المجمّعة",
    "Asked. A manager reads the evidence and signs, or rejects.": "قُدّم الطلب. يقرأ مدير الأدلة ثم يوقّع أو يرفض.",
    "Settled. The operation stays as it ended.": "حُسمت المسألة. تبقى العملية كما انتهت.",
    "Frozen. Nothing of it is sent from now on.": "تم التجميد. لا يُرسل شيء مما شمله من الآن فصاعدًا.",
    "Release asked for. It waits for a manager.": "طُلب فك التجميد. ينتظر مديرًا.",
    "Operations in doubt, the longest in doubt first": "العمليات قيد الشك، الأطول مدة أولًا",
    "This machine was held up for too long, so nothing was sent. It will be tried again.": "تعطّل هذا الجهاز مدة أطول من اللازم، فلم يُرسل شيء. ستُعاد المحاولة.",
    "CoinMENA's orders since the backup are read, a day before it included": "أوامر CoinMENA منذ النسخة الاحتياطية مقروءة، مع يوم قبلها",
    "CoinMENA's orders from %(start)s to %(end)s are not read yet.": "لم تُقرأ بعد أوامر CoinMENA من %(start)s إلى %(end)s.",
    "CoinMENA's orders are read to %(read)s, and have to be to %(end)s.": "أوامر CoinMENA مقروءة حتى %(read)s، ويجب أن تُقرأ حتى %(end)s.",
    "They are reconciled with our operations, all clients": "هي مُطابَقة مع عملياتنا، لكل العملاء",
    "Nothing complete was reconciled from %(start)s to %(end)s.": "لا توجد مطابقة كاملة من %(start)s إلى %(end)s.",
    "Reject this request?": "رفض هذا الطلب؟",
    "Orders against an end": "أوامر تناقض ما انتهت إليه عمليات",
    "Orders at CoinMENA that speak against how an operation ended": "أوامر لدى CoinMENA تناقض ما انتهت إليه عملية",
    "What was seen": "ما رُصد",
    "Seen": "وقت الرصد",
    "order": "الأمر",
    "The operations stay as they ended. A manager settles it on the page of the operation.": "تبقى العمليات كما انتهت. يحسم مدير المسألة في صفحة العملية.",
    "Nothing was sent to find out.": "لم يُرسل شيء للتحقق من ذلك.",
    "All operations": "كل العمليات",
    "Upload a file": "رفع ملف",
    "See its operations": "عرض عملياته",
    "Discard the file": "إلغاء الملف",
    "Nothing has been created yet.": "لم يُنشأ شيء بعد.",
    "%(name)s, who uploaded it, has to confirm its sums.": "على من رفع الملف، %(name)s، تأكيد مجاميعه.",
    "Another file of this name was uploaded before.": "سبق رفع ملف آخر بهذا الاسم.",
    "It holds something else:": "محتواه مختلف:",
    "Rows that stand in both would be paid twice.": "الصفوف الواردة في كليهما ستُدفع مرتين.",
    "Rows dealt with": "الصفوف المعالَجة",
    "What became of the rows": "ما آلت إليه الصفوف",
    "Refused, nothing created": "مرفوض، لم يُنشأ شيء",
    "You may leave this page. It follows the workers by itself; without scripts, load it again.": "يمكنك مغادرة هذه الصفحة. تتابع المنفّذ الآلي تلقائيًا؛ وإذا كانت البرامج النصية معطّلة فأعد تحميلها.",
    "Refused rows": "الصفوف المرفوضة",
    "Nothing was created for them": "لم يُنشأ لها شيء",
    "Because": "السبب",
    "And %(n)s more.": six("و%(n)s أخرى.", "و%(n)s أخرى.", "و%(n)s أخريان.", "و%(n)s أخرى.", "و%(n)s أخرى."),
    "The CSV has them all.": "ملف CSV يتضمنها كلها.",
    "Confirm it by your own figures": "أكّده بأرقامك أنت",
    "Type the figures of the list this file was made from, not those of this page: so a row that is missing, doubled or wrong comes to light. They must agree to the last digit.": "اكتب أرقام القائمة التي أُعدّ منها هذا الملف، لا أرقام هذه الصفحة: فبذلك يظهر كل صف ناقص أو مكرر أو خاطئ. يجب أن تتفق حتى آخر رقم.",
    "%(n)s row asks for the same as another request.": six(
        "%(n)s صف يطلب ما يطلبه صف أو طلب آخر.",
        "%(n)s صف يطلب ما يطلبه طلب آخر.",
        "%(n)s صفان يطلبان ما يطلبه صف أو طلب آخر.",
        "%(n)s صفوف تطلب ما يطلبه صف أو طلب آخر.",
        "%(n)s صفًا يطلب ما يطلبه صف أو طلب آخر.",
    ),
    "Of this file, or of the last 24 hours. If they are other payments, confirm it; the confirmation is kept.": "من هذا الملف، أو من آخر 24 ساعة. إذا كانت دفعات أخرى فأكّد ذلك؛ ويُحفظ التأكيد.",
    "line %(n)s": "السطر %(n)s",
    "Create %(n)s operation": six(
        "إنشاء %(n)s عملية", "إنشاء %(n)s عملية", "إنشاء %(n)s عمليتين", "إنشاء %(n)s عمليات", "إنشاء %(n)s عملية"
    ),
    "Deposits are sent at once.": "تُرسل الإيداعات فورًا.",
    "Withdrawals wait for approval.": "تنتظر السحوبات الموافقة.",
    "First rows": "الصفوف الأولى",
    "First rows of the file": "الصفوف الأولى من الملف",
    "The file adds up to": "مجموع الملف",
    "Totals by type and asset": "المجاميع حسب النوع والأصل",
    "Many deposits or withdrawals from one file": "إيداعات أو سحوبات كثيرة من ملف واحد",
    "Every row gets its own reference; withdrawals wait for approval one by one": "يحصل كل صف على مرجع خاص به؛ وتنتظر السحوبات الموافقة واحدًا واحدًا",
    "Deposits and withdrawals, one in each row": "إيداعات وسحوبات، واحد في كل صف",
    "Nothing is created before you have confirmed its sums": "لا يُنشأ شيء قبل أن تؤكد مجاميعه",
    "The file": "الملف",
    "was not stored.": "لم يُخزَّن.",
    "Nothing of": "لم يُخزَّن شيء من",
    "was stored: correct it and upload it again.": "؛ صحّحه وارفعه من جديد.",
    "Upload and check": "رفع وفحص",
    "What to correct": "ما يجب تصحيحه",
    "Line 1 is the header": "السطر 1 هو سطر العناوين",
    "Cells to correct": "خلايا يجب تصحيحها",
    "Cell": "الخلية",
    "What is wrong": "ما الخطأ",
    "whole row": "الصف كله",
    "Typed:": "المكتوب:",
    "Left empty": "تُركت فارغة",
    "What the file holds": "ما يحتويه الملف",
    "CSV in UTF-8, with commas or semicolons, at most %(most_rows)s rows and 2 MB. The first line names the columns, in any order:": "ملف CSV بترميز UTF-8، بفواصل أو فواصل منقوطة، لا يزيد على %(most_rows)s صف و2 ميغابايت. يذكر السطر الأول الأعمدة، بأي ترتيب:",
    "deposit or withdrawal": "deposit (إيداع) أو withdrawal (سحب)",
    "the client's id at CoinMENA": "معرّف العميل لدى CoinMENA",
    "its code, such as USD": "رمزه، مثل USD",
    "digits and one point, such as 1000.00; never rounded": "أرقام ونقطة واحدة، مثل 1000.00؛ لا يُقرَّب أبدًا",
    "for approvers and auditors, at most 500 characters": "للموافقين والمدققين، 500 حرف على الأكثر",
    "Template": "نموذج الملف",
    "In Excel: Save As, then “CSV UTF-8 (Comma delimited)”.": "في Excel: «حفظ باسم» (Save As)، ثم «CSV UTF-8 (Comma delimited)».",
    "Retries and copies": "إعادات المحاولة والنسخ",
    "this one": "هذه",
    "Each has its own reference. There is a next one only where the one before moved nothing.": "لكل منها مرجع خاص. لا تكون هناك تالية إلا حيث لم تحرّك السابقة أموالًا.",
    "Saved, never opened here. Reading is written to the log.": "تُحفظ ولا تُفتح هنا أبدًا. كل اطلاع عليها يُكتب في السجل.",
    "Close deposit of": "إغلاق إيداع",
    "Close withdrawal of": "إغلاق سحب",
    "You ask, a manager signs. Nobody does it alone.": "أنت تطلب ومدير يوقّع. لا أحد يفعل ذلك وحده.",
    "Ask a manager to sign": "طلب توقيع مدير",
    "The reference is looked up once more first.": "يُستعلم عن المرجع مرة أخرى أولًا.",
    "Nothing is sent.": "لا يُرسل شيء.",
    "What is known": "ما هو معروف",
    "Look-ups go on every five minutes. “Not found” alone proves nothing.": "تستمر الاستعلامات كل خمس دقائق. الرد «غير موجود» وحده لا يثبت شيئًا.",
    "Something new was found.": "ظهر شيء جديد.",
    "Nobody can sign this closing any more. Finance can look at it and ask for another.": "لم يعد أحد يستطيع توقيع هذا الإغلاق. يمكن للمالية النظر فيه وطلب إغلاق آخر.",
    "What is claimed": "ما يُقترح",
    "What was claimed": "ما اقتُرح",
    "Look up again": "إعادة الاستعلام",
    "The reference is looked up once more when the closing is signed. Anything new stops it.": "يُستعلم عن المرجع مرة أخرى عند توقيع الإغلاق. أي جديد يوقفه.",
    "What signing does": "ما يترتب على التوقيع",
    "What happened": "ما حدث",
    "See the closing": "عرض الإغلاق",
    "It ended as failed.": "انتهت بحالة «فشل».",
    "Trying again makes a new operation with its own reference; all checks and approvals are made anew.": "إعادة المحاولة تُنشئ عملية جديدة بمرجع خاص بها؛ وتُجرى كل الفحوص والموافقات من جديد.",
    "Held by a freeze.": "محتجزة بسبب تجميد.",
    "See what is held": "عرض المحتجز",
    "A balance is a hint, not proof.": "الرصيد قرينة وليس إثباتًا.",
    "It gets its own reference, its own checks and its own approval; both pages link to each other.": "تحصل على مرجعها وفحوصها وموافقتها الخاصة؛ وترتبط كل من الصفحتين بالأخرى.",
    "More than a few?": "أكثر من بضع عمليات؟",
    "Upload a CSV": "ارفع ملف CSV",
    "checked as a whole, with a control total, one operation per row.": "يُفحص كاملًا، بمجموع ضبط، وعملية واحدة لكل صف.",
    "Money is held": "أموال محتجزة",
    "One manager stops money at once": "مدير واحد يوقف الأموال فورًا",
    "Two other people let it flow again": "شخصان آخران يعيدان حركتها",
    "Freeze now": "تجميد الآن",
    "Our clock is off.": "ساعتنا غير مضبوطة.",
    "By asset, money out below zero": "حسب الأصل، والأموال الخارجة بالسالب",
    "What it holds, and its release": "ما يحتجزه، وفكّه",
    "Its release": "فك هذا التجميد",
    "Nothing is held by it so far.": "لا يحتجز شيئًا حتى الآن.",
    "Nothing is frozen.": "لا شيء مجمَّد.",
    "Whatever is approved is sent within seconds. What a manager freezes stands here until two other people release it.": "كل ما تمت الموافقة عليه يُرسل خلال ثوانٍ. ما يجمّده مدير يظهر هنا حتى يفك تجميده شخصان آخران.",
    "Released before": "تجميدات سابقة فُكّت",
    "Freezes that were released, newest first": "التجميدات التي فُكّت، الأحدث أولًا",
    "From and to": "من وإلى",
    "Frozen by": "من جمّد",
    "Released by": "من فك التجميد",
    "A restore": "استعادة نسخة احتياطية",
    "Freeze at once": "تجميد فوري",
    "Only managers can freeze.": "المديرون وحدهم يستطيعون التجميد.",
    "%(managers)s can, at once.": "يمكن ذلك فورًا من جانب: %(managers)s.",
    "What is being sent at this moment is finished; nothing after it leaves. Look-ups go on, and requests can still be made and approved.": "ما يُرسل في هذه اللحظة يكتمل؛ ولا يخرج شيء بعده. تستمر الاستعلامات، ويبقى تقديم الطلبات والموافقة عليها ممكنًا.",
    "Frozen by %(name)s": "التجميد من جانب %(name)s",
    "Frozen by a restore": "التجميد بسبب استعادة نسخة احتياطية",
    "Before it can be released": "قبل أن يمكن فك التجميد",
    "`manage.py after_restore` does both, and may be run as often as you like.": "`manage.py after_restore` يقوم بالأمرين، ويمكن تشغيله أي عدد من المرات.",
    "What it holds back": "ما يحتجزه",
    "Nothing any more: it was released.": "لا شيء بعد الآن: فُك التجميد.",
    "Nothing so far. What is asked for and approved from now on is held here.": "لا شيء حتى الآن. ما يُطلب وتتم الموافقة عليه من الآن فصاعدًا يُحتجز هنا.",
    "%(name)s has asked for it. It waits for a manager.": "طُلب ذلك من جانب %(name)s. ينتظر مديرًا.",
    "Ask for release": "طلب فك التجميد",
    "%(managers)s can approve what somebody else asks for.": "يمكن الموافقة على ما يطلبه شخص آخر من جانب: %(managers)s.",
    "Asked before": "طلبات سابقة",
    "Earlier requests for its release": "طلبات سابقة لفك هذا التجميد",
    "%(n)s more, in the list of operations": six(
        "%(n)s أخرى، في قائمة العمليات",
        "%(n)s أخرى، في قائمة العمليات",
        "%(n)s أخريان، في قائمة العمليات",
        "%(n)s أخرى، في قائمة العمليات",
        "%(n)s أخرى، في قائمة العمليات",
    ),
    "What was frozen": "ما جُمّد",
    "Why it may flow again": "لماذا يجوز أن تعود الحركة",
    "Other freezes stay in force.": "تبقى تجميدات أخرى سارية.",
    "What flows again": "ما تعود حركته",
    "Nothing is held by it.": "لا يحتجز شيئًا.",
    "Sending is halted": "الإرسال متوقف",
    "Only managers resume sending.": "المديرون وحدهم يستأنفون الإرسال.",
    "%(managers)s can.": "يمكن ذلك من جانب: %(managers)s.",
    "Settled by": "حسمها",
    "The operation stays as it ended. Do not copy it or try again before a manager has settled this.": "تبقى العملية كما انتهت. لا تنسخها ولا تُعد المحاولة قبل أن يحسم مدير هذه المسألة.",
    "Settle": "حسم",
    "Deposits and withdrawals asked for here, each sent once under its own reference": "الإيداعات والسحوبات المطلوبة هنا، كل منها يُرسل مرة واحدة بمرجعه الخاص",
    "Many at once": "عمليات كثيرة معًا",
    "reading it again …": "تُعاد قراءته …",
    "can approve it today.": "له أن يوافق عليها اليوم.",
    "This order speaks against how its operation ended.": "هذا الأمر يناقض ما انتهت إليه عمليته.",
}


@pytest.mark.parametrize(
    ("theirs", "difference", "at_risk"),
    [
        ({"type": "withdrawal", "amount": Decimal("320.00")}, "-640.00", "640.00"),
        ({"client": "user_2", "amount": Decimal("320.00")}, "0.00", "320.00"),
        ({"status": "failed", "amount": Decimal("320.00")}, "-320.00", "320.00"),
        ({"amount": Decimal("319.50")}, "-0.50", "0.50"),
    ],
)
def test_at_risk_is_the_size_of_the_difference_where_one_is_known(
    theirs: dict[str, Any], difference: str, at_risk: str
) -> None:
    rows.operation(Ours(reference="dep-1", amount=Decimal("320.00")))
    rows.order(Theirs(reference="dep-1", **theirs))
    taken()
    found = item("operation:dep-1")
    assert (found.difference, found.at_risk) == (Decimal(difference), Decimal(at_risk))


@pytest.mark.parametrize(
    ("severity", "due"),
    [("high", "2026-11-19 02:30"), ("medium", "2026-11-19 23:59"), ("low", "2026-11-21 23:59")],
)
def test_what_is_due_by_a_day_is_due_at_its_end(severity: str, due: str) -> None:
    seen = datetime(2026, 11, 18, 22, 30, tzinfo=company_zone())
    assert f"{due_at(severity, seen):%Y-%m-%d %H:%M}" == due
