"""Where the top bar says one is, on the pages of oversight."""

from django.urls import reverse

from reviews.pages.desk import Here


def here() -> Here:
    return Here(url=reverse("oversight:index"), name="Capacity")


def of_power() -> Here:
    return Here(url=reverse("oversight:all"), name="Oversight")
