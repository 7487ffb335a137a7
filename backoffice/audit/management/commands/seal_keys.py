"""``manage.py seal_keys``: each key with the last seal it signed, as ``AUDIT_SEAL_FORMER_KEYS`` takes it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backoffice.audit.models import Seal
from backoffice.audit.sealing.keys import InvalidSealKey, LastSeal, public_keys, with_last, written_keys


class Command(BaseCommand):
    help = "Print each key with the last seal it signed, as AUDIT_SEAL_FORMER_KEYS takes it once the key is changed."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            keys, known = public_keys(), written_keys()
        except InvalidSealKey as trouble:
            raise CommandError(str(trouble)) from trouble
        for name, key in keys.items():
            newest = Seal.objects.filter(key_id=name).order_by("-number").first()
            if ":" in known[name] or newest is None:
                self.stdout.write(known[name])
            else:
                self.stdout.write(with_last(key, LastSeal(newest.number, newest.hash)))
