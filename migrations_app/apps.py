from django.apps import AppConfig


class MigrationsConfig(AppConfig):
    """What Cutover remembers."""

    name = "migrations_app"
    default_auto_field = "django.db.models.BigAutoField"
