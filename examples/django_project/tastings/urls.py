from django.urls import path

from tastings import views

urlpatterns = [
    path("", views.tastings),
    path("next/", views.next_tasting),
    path("labels/", views.labels),
    path("kettles/", views.kettles),
    path("suppliers/", views.suppliers),
    path("prices/2019/", views.old_prices),
    path("voucher/<str:code>/", views.voucher),
    path("newsletter/", views.newsletter),
    path("cups/", views.cups),
    path("autumn/", views.autumn),
    path("way/", views.way),
    path("seats/", views.seats),
    path("menu.csv", views.menu),
    path("tea/<int:number>/", views.tea),
    path("<slug:slug>/invoice/", views.invoice),
    path("<slug:slug>/book/", views.book),
]
