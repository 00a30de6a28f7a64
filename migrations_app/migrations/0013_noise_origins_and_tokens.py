from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("migrations_app", "0012_suite_drafts")]

    operations = [
        migrations.AddField("noisefield", "recorded", models.PositiveIntegerField(default=0)),
        migrations.AddField("noisefield", "example", models.JSONField(blank=True, null=True)),
        migrations.AddField("apitoken", "hint", models.CharField(blank=True, max_length=12)),
        migrations.AddField("apitoken", "role", models.CharField(blank=True, max_length=10)),
        migrations.AddField("apitoken", "expires_at", models.DateTimeField(blank=True, null=True)),
        migrations.AlterField(
            "run",
            "kind",
            models.CharField(
                choices=[("suite", "Suite"), ("replay", "Replay"), ("learn", "Learn")],
                default="suite",
                max_length=10,
            ),
        ),
    ]
