"""Write the rows of one table as CSV by django-import-export, in an environment of its own; print the seconds it took.

It knows nothing of the product: `bench_exports` runs it with the Python it was given, and tells it the table's columns.
"""

import json
import sys
import tempfile
import time
from typing import Any

import django
from django.conf import settings

FIELDS = {"numeric": "DecimalField", "bigint": "BigIntegerField", "timestamp with time zone": "DateTimeField"}


def main() -> None:
    given = json.loads(sys.argv[1])
    database = {"ENGINE": "django.db.backends.postgresql", **{name: given[name] for name in ("NAME", "HOST", "USER")}}
    settings.configure(DATABASES={"default": database}, INSTALLED_APPS=["import_export"], USE_TZ=True)
    django.setup()
    from import_export import resources  # type: ignore[import-untyped]

    model = model_of(given["columns"])
    resource = resources.modelresource_factory(model)()
    began = time.perf_counter()
    rows = resource.export(model.objects.all()).csv
    with tempfile.TemporaryFile("w", encoding="utf-8") as file:
        file.write(rows)
    print(time.perf_counter() - began)


def model_of(columns: list[tuple[str, str]]) -> Any:
    """Make a model of the table, its first column the key."""
    from django.db import models

    fields = {name: field_of(models, kind, is_key=place == 0) for place, (name, kind) in enumerate(columns)}
    meta = type("Meta", (), {"app_label": "import_export", "db_table": "bench_rows", "managed": False})
    return type("Row", (models.Model,), {**fields, "Meta": meta, "__module__": __name__})


def field_of(models: Any, kind: str, *, is_key: bool) -> Any:
    options: dict[str, Any] = {"max_digits": 40, "decimal_places": 18} if kind == "numeric" else {}
    return getattr(models, FIELDS.get(kind, "TextField"))(primary_key=is_key, null=not is_key, **options)


if __name__ == "__main__":
    main()
