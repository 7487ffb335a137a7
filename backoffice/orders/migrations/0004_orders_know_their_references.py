from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("orders", "0003_ownership_kept_by_the_database")]

    operations = [
        migrations.RunSQL(
            "UPDATE orders_order SET is_ours = true"
            " WHERE partner_order_ref IN (SELECT reference FROM orders_mintedreference)",
            migrations.RunSQL.noop,
        )
    ]
