"""Counts of a function's pairs come from an index alone; the index that the roll-up made needless goes."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("migrations_app", "0014_live_by_day")]

    operations = [
        migrations.RemoveIndex(model_name="pair", name="pair_ratio"),
        migrations.AlterField(
            model_name="pairminute",
            name="function",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="pair_minutes",
                to="migrations_app.functionmigration",
            ),
        ),
        migrations.AddIndex(
            model_name="pairminute",
            index=models.Index(
                fields=["function", "at"], include=("outcome", "pairs"), name="pair_minute_counts"
            ),
        ),
    ]
