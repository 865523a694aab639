"""The languages that pages and e-mails speak; the texts of the code are in the first."""

DEFAULT_LOCALE = "en"
# Each by its own name, so that who cannot read the page finds the way out of it.
LOCALES = {DEFAULT_LOCALE: "English", "de": "Deutsch"}
