from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """What people see."""

    name = "dashboard"
