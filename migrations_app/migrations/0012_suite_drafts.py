import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("migrations_app", "0011_acknowledged_twins"),
    ]

    operations = [
        migrations.CreateModel(
            name="SuiteDraft",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("suite_name", models.CharField(max_length=80)),
                ("append", models.BooleanField(default=False)),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("file", "File"),
                            ("generated", "Generated"),
                            ("logs", "Logs"),
                            ("live", "Live"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("pending", "Pending"), ("ready", "Ready"), ("failed", "Failed")],
                        default="ready",
                        max_length=8,
                    ),
                ),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("wanted", models.JSONField(blank=True, default=dict)),
                ("tags", models.JSONField(blank=True, default=list)),
                ("entries", models.JSONField(blank=True, default=list)),
                ("bad", models.JSONField(blank=True, default=list)),
                ("left_out", models.JSONField(blank=True, default=dict)),
                ("error", models.CharField(blank=True, max_length=400)),
                ("asked_by", models.CharField(max_length=150)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "function",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="suite_drafts",
                        to="migrations_app.functionmigration",
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "pending")), fields=["due_at"], name="draft_due"
                    )
                ],
            },
        ),
    ]
