"""E-mail addresses: which ones we write to, and the one form in which each is kept."""

from email_validator import EmailNotValidError, validate_email


class BadEmailAddress(ValueError):
    """What was typed is not an address that we can write to."""


def normalize(text: str) -> str:
    """Return the address in lower case, an international domain in its ASCII form.

    Raises:
        BadEmailAddress: it is not one plain address; a line break or a comma never passes.
    """
    try:
        parsed = validate_email(
            text.strip(" "),
            allow_smtputf8=False,
            check_deliverability=False,
            # Names below `.test` lead nowhere, which is what a trial wants.
            test_environment=True,
        )
    except EmailNotValidError as error:
        raise BadEmailAddress("Enter one email address") from error
    return (parsed.ascii_email or parsed.normalized).lower()
