"""The tables of the tastings."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = ()

    operations = (
        migrations.CreateModel(
            name="OldPrice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80)),
                ("cents", models.PositiveIntegerField()),
            ],
            options={
                "db_table": "price_list_2019",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Tea",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80)),
                ("origin", models.CharField(max_length=80)),
                ("grams", models.PositiveIntegerField(help_text="what is left in the tin")),
                ("grams_per_cup", models.PositiveIntegerField(default=3)),
                ("price", models.PositiveIntegerField(help_text="cents a cup", null=True)),
            ],
            options={
                "ordering": ("name",),
            },
        ),
        migrations.CreateModel(
            name="Voucher",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=20, unique=True)),
                ("percent", models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Tasting",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=80)),
                ("slug", models.SlugField(unique=True)),
                ("day", models.DateField()),
                ("teas", models.ManyToManyField(to="tastings.tea")),
            ],
            options={
                "ordering": ("day",),
            },
        ),
        migrations.CreateModel(
            name="Booking",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("seat", models.PositiveIntegerField()),
                ("guest", models.CharField(max_length=80)),
                ("extras", models.JSONField(blank=True, default=list)),
                (
                    "tasting",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="bookings", to="tastings.tasting"
                    ),
                ),
            ],
            options={
                "ordering": ("seat",),
                "constraints": [models.UniqueConstraint(fields=("tasting", "seat"), name="one_guest_a_seat")],
            },
        ),
    )
