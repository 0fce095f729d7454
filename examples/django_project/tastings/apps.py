from django.apps import AppConfig


class TastingsConfig(AppConfig):
    name = "tastings"
