from django import forms

from guestbook.models import Entry


class EntryForm(forms.ModelForm):
    class Meta:
        model = Entry
        fields = ("name", "text")


class GuestListForm(forms.Form):
    """A list of guests from another house: CSV with the columns "name" and "city"."""

    guests = forms.FileField(label="Guest list", help_text="CSV with the columns “name” and “city”")
    house = forms.CharField(initial="Café Central")
