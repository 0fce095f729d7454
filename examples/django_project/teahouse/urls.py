"""The addresses of the house: the front page, its apps, and the admin."""

from django.contrib import admin
from django.urls import include, path

from teahouse import views

urlpatterns = [
    path("", views.front),
    path("enter/", views.enter),
    path("leave/", views.leave),
    path("cellar/", views.cellar),
    path("till/close/", views.close_till),
    path("tastings/", include("tastings.urls")),
    path("guestbook/", include("guestbook.urls")),
    path("admin/", admin.site.urls),
]
