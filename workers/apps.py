from django.apps import AppConfig


class WorkersConfig(AppConfig):
    """What acts."""

    name = "workers"
