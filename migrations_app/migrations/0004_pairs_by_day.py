"""Pairs move into a table that is partitioned by day; a roll-up per minute stands beside it.

Django knows the columns, PostgreSQL the partitions. Expand and contract in one step: the pairs that are there
are copied, and a day that has none gets its partition from ``services.results`` before it is needed.
"""

import datetime

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

import migrations_app.models.evidence

COLUMNS = (
    "id, position, title, event, first_side, outcome, counts, first_pointer, blame, sentence, "
    '"primary", candidate, comparison, primary_ms, candidate_ms, at, function_id, run_id'
)

PARTITIONED = """
ALTER TABLE migrations_app_pair RENAME TO migrations_app_pair_whole;
ALTER INDEX pair_counts RENAME TO pair_counts_whole;
CREATE TABLE migrations_app_pair (LIKE migrations_app_pair_whole, day date NOT NULL) PARTITION BY RANGE (day);
ALTER TABLE migrations_app_pair ADD PRIMARY KEY (id, day);
ALTER TABLE migrations_app_pair_whole DROP CONSTRAINT pair_once_per_run_position;
ALTER TABLE migrations_app_pair
    ADD CONSTRAINT pair_once_per_run_position UNIQUE (run_id, position, day);
CREATE INDEX pair_newest ON migrations_app_pair (function_id, at DESC);
CREATE INDEX pair_counts ON migrations_app_pair (function_id, at DESC) WHERE counts;
CREATE INDEX pair_ratio ON migrations_app_pair (at) INCLUDE (function_id, counts);
"""

WHOLE = """
ALTER TABLE migrations_app_pair RENAME TO migrations_app_pair_by_day;
CREATE TABLE migrations_app_pair (LIKE migrations_app_pair_by_day);
ALTER TABLE migrations_app_pair DROP COLUMN day;
ALTER TABLE migrations_app_pair ADD PRIMARY KEY (id);
INSERT INTO migrations_app_pair ({columns}) SELECT {columns} FROM migrations_app_pair_by_day;
DROP TABLE migrations_app_pair_by_day;
ALTER TABLE migrations_app_pair ADD CONSTRAINT pair_once_per_run_position UNIQUE (run_id, position);
CREATE INDEX migrations__functio_27fee0_idx ON migrations_app_pair (function_id, at DESC);
CREATE INDEX pair_counts ON migrations_app_pair (function_id, at DESC) WHERE counts;
"""


def partition(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Make the partitioned table, a partition for each day that has pairs, and bring the pairs over."""
    with editor.connection.cursor() as cursor:
        cursor.execute(PARTITIONED)
        cursor.execute(
            "SELECT DISTINCT coalesce(r.created_at, p.at)::date FROM migrations_app_pair_whole p"
            " LEFT JOIN migrations_app_run r ON r.id = p.run_id"
        )
        days = {row[0] for row in cursor.fetchall()}
        today = datetime.datetime.now(datetime.UTC).date()
        for day in sorted(days | {today + datetime.timedelta(days=ahead) for ahead in range(3)}):
            cursor.execute(
                f"CREATE TABLE migrations_app_pair_{day:%Y%m%d} PARTITION OF migrations_app_pair"
                " FOR VALUES FROM (%s) TO (%s)",
                [day, day + datetime.timedelta(days=1)],
            )
        cursor.execute(
            f"INSERT INTO migrations_app_pair ({COLUMNS}, day)"
            f" SELECT {', '.join('p.' + name.strip() for name in COLUMNS.split(','))},"
            " coalesce(r.created_at, p.at)::date FROM migrations_app_pair_whole p"
            " LEFT JOIN migrations_app_run r ON r.id = p.run_id"
        )
        cursor.execute("DROP TABLE migrations_app_pair_whole")


def unite(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Bring all pairs back into one table."""
    with editor.connection.cursor() as cursor:
        cursor.execute(WHOLE.format(columns=COLUMNS))


class Migration(migrations.Migration):
    dependencies = [("migrations_app", "0003_heartbeats")]

    operations = [
        migrations.CreateModel(
            name="PairMinute",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("outcome", models.CharField(max_length=22)),
                ("pairs", models.PositiveIntegerField(default=0)),
                (
                    "function",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="pair_minutes",
                        to="migrations_app.functionmigration",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="pairminute",
            constraint=models.UniqueConstraint(
                fields=("at", "function", "outcome"), name="pair_minute_once"
            ),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(partition, unite)],
            state_operations=[
                migrations.AddField(
                    model_name="pair",
                    name="day",
                    field=models.DateField(default=migrations_app.models.evidence.utc_today),
                ),
                migrations.AlterField(
                    model_name="pair",
                    name="function",
                    field=models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="pairs",
                        to="migrations_app.functionmigration",
                    ),
                ),
                migrations.AlterField(
                    model_name="pair",
                    name="run",
                    field=models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="pairs",
                        to="migrations_app.run",
                    ),
                ),
                migrations.RenameIndex(
                    model_name="pair", new_name="pair_newest", old_name="migrations__functio_27fee0_idx"
                ),
                migrations.AddIndex(
                    model_name="pair",
                    index=models.Index(fields=["at"], include=("function", "counts"), name="pair_ratio"),
                ),
                migrations.RemoveConstraint(model_name="pair", name="pair_once_per_run_position"),
                migrations.AddConstraint(
                    model_name="pair",
                    constraint=models.UniqueConstraint(
                        fields=("run", "position", "day"), name="pair_once_per_run_position"
                    ),
                ),
            ],
        ),
    ]
