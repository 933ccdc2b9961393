from django.urls import path

from reviews.views import desk

app_name = "reviews"
urlpatterns = [path("", desk.desk, name="desk")]
