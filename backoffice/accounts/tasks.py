"""What the workers do for accounts: write mails, and forget the sessions that are over."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from backoffice.accounts import mail
from backoffice.accounts.context import one_job
from backoffice.accounts.passwords import asking
from backoffice.accounts.session_store import SessionStore

#: A mail server that is away is asked again after 4, 16, 64 … seconds, for about an hour and a half.
AGAIN = RetryStrategy(max_attempts=6, exponential_wait=4)


@app.task(name=mail.DELIVER, queue=mail.QUEUE, retry=AGAIN)
def deliver(person_id: int, letter: str, context: dict[str, str]) -> None:
    """Write one mail."""
    with one_job():
        mail.deliver(person_id=person_id, letter=letter, context=context)


@app.task(name=asking.ANSWER, queue=mail.QUEUE, retry=AGAIN)
def answer_reset(email: str) -> None:
    """Send the link for another password to whoever has this address, if anybody."""
    with one_job():
        asking.answer(email)


@app.periodic(cron="23 * * * *")
@app.task(name="accounts.forget_sessions", queueing_lock="accounts.forget_sessions")
def forget_sessions(timestamp: int) -> None:
    """Delete the sessions that are over, every hour."""
    with one_job():
        SessionStore.clear_expired()
