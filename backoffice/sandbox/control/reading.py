"""Reading requests of the control path, and refusing them with a sentence."""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from backoffice.sandbox.clock import read_instant
from backoffice.sandbox.credentials import COINMENA_PARTNER_ID
from backoffice.sandbox.messages import Request, read_strictly


class ControlError(Exception):
    """The control path cannot do what it was asked; `str()` says why."""

    def __init__(self, sentence: str, *, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status


def body_of(request: Request) -> dict[str, Any]:
    """Return the JSON object in the body; no body is an empty one."""
    try:
        content = read_strictly(request.body or b"{}")
    except ValueError as error:
        raise ControlError(f"The body is not JSON: {error}.") from error
    if not isinstance(content, dict):
        raise ControlError("The body must be a JSON object.")
    return content


def required(content: dict[str, Any], name: str) -> Any:
    if name not in content:
        raise ControlError(f"{name} is missing.")
    return content[name]


def known_only(content: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return `content`, which may hold `names` and nothing else: a typing error must not pass for a setting."""
    known = tuple(names)
    if unknown := content.keys() - set(known):
        raise ControlError(f"{', '.join(sorted(unknown))} is not known here; {', '.join(known)} are.")
    return content


def partner_in(content: dict[str, Any]) -> str:
    """Return the CoinMENA partner meant, ours unless another is named."""
    partner: str = content.get("partner", COINMENA_PARTNER_ID)
    return partner


def number_in(content: dict[str, Any], name: str) -> float:
    number = required(content, name)
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise ControlError(f"{name} must be a number.")
    return float(number)


def amount_in(content: dict[str, Any], name: str) -> Decimal:
    text = required(content, name)
    if not isinstance(text, str):
        raise ControlError(f'{name} must be a text, for example "12.50".')
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise ControlError(f"{name} is not an amount: {text!r}.") from error
    if not amount.is_finite():
        raise ControlError(f"{name} is not an amount: {text!r}.")
    return amount


def instant_in(content: dict[str, Any], name: str, otherwise: int) -> int:
    """Return an instant in microseconds since 1970, or `otherwise` when none is given."""
    if name not in content:
        return otherwise
    try:
        return read_instant(content[name])
    except (TypeError, ValueError) as error:
        raise ControlError(f"{name} must be a UTC instant such as 2026-11-20T10:00:00Z.") from error
