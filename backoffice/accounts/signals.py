"""What happens to people's accounts and sessions, told to whoever keeps the log.

That is the audit app, which is above this one.
"""

from django.dispatch import Signal

#: A session was ended by the system. Sends ``person`` (or None) and ``reason``, an `Ending`.
session_ended = Signal()

#: Sessions of a person were ended from elsewhere, inside the transaction that ends them. Sends ``person``, ``by``, the
#: `Ending`, the ``reason`` somebody gave and the ended ``sessions``.
sessions_ended = Signal()

#: Too many failed tries: signing in as ``email`` is refused for a while. Sent once per pause.
sign_in_blocked = Signal()

#: Somebody asked at the door for a link to set another password. Sends the ``email`` they typed.
reset_asked = Signal()

#: A password was set, inside the transaction that sets it. Sends ``person`` and ``how``: changed, reset or first.
password_set = Signal()

#: The company's identity provider sent somebody who may not come in. Sends the ``email`` it named and the ``reason``.
company_sign_in_refused = Signal()

#: A person chose another time zone, inside the transaction of the change. Sends ``person``, ``before`` and ``after``.
zone_chosen = Signal()

#: A second factor was wrong. Sends ``person``, ``is_signed_in`` (False at the door) and ``after``, what is known of it.
factor_failed = Signal()

#: Too many codes were wrong: none of the person's is looked at for a while. Sends ``person`` and ``is_signed_in``.
codes_blocked = Signal()

#: A person has a second factor more, or another authenticator. Sends ``person``, ``factor``, ``name``, ``is_first``.
factor_added = Signal()

#: A person has a second factor less. Sends ``person``, ``factor`` and ``name``.
factor_removed = Signal()

#: A person has ten new recovery codes; the former ones are void. Sends ``person``.
recovery_codes_made = Signal()

#: A recovery code was used up, inside the transaction of its use. Sends ``person`` and how many are ``left``.
recovery_code_used = Signal()
