from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People and keys"


class OverreadAdminConfig(admin_apps.AdminConfig):
    """The admin with our site; it stands in INSTALLED_APPS where Django's own would."""

    default = False
    default_site = "accounts.site.OverreadAdminSite"
