from django.urls import path

from guestbook import views

urlpatterns = [
    path("", views.entries),
    path("import/", views.import_guests),
    path("subscribe/", views.subscribe),
    path("pay/", views.pay),
    path("1998/", views.guests_of_1998),
]
