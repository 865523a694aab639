"""The test cards of Stripe's documentation, and one method that pays later."""

import re
from typing import NamedTuple


class Decline(NamedTuple):
    """Why a payment is refused, in Stripe's words and in those of the hosted page."""

    code: str
    decline_code: str
    message: str
    page_message: str


class Dispute(NamedTuple):
    """How the cardholder's bank contests a charge: an inquiry only asks, and moves no money."""

    reason: str
    is_inquiry: bool = False


class TestCard(NamedTuple):
    """A number and what happens when it pays."""

    number: str
    label: str
    brand: str = "visa"
    decline: Decline | None = None
    needs_authentication: bool = False
    pays_later: bool = False
    fails_at_renewal: bool = False
    dispute: Dispute | None = None
    refund_fails: bool = False
    is_listed: bool = True

    @property
    def last4(self) -> str:
        return self.number[-4:]

    @property
    def shown(self) -> str:
        """The number in groups of four, as on a card."""
        return " ".join(re.findall(".{1,4}", self.number))


DECLINED = Decline("card_declined", "generic_decline", "Your card was declined.",
                   "Your card was declined. Try another card or ask your bank.")  # fmt: skip
NO_FUNDS = Decline("card_declined", "insufficient_funds", "Your card has insufficient funds.",
                   "The card does not have enough funds. Try another card.")  # fmt: skip
EXPIRED = Decline("expired_card", "expired_card", "Your card has expired.",
                  "The card has expired. Try another card.")  # fmt: skip
WRONG_CODE = Decline("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.",
                     "The security code is not right. Check it and try again.")  # fmt: skip
NOT_AUTHENTICATED = Decline(
    "payment_intent_authentication_failure",
    "",
    "The provided PaymentMethod has failed authentication. You can provide payment_method_data or "
    "a new PaymentMethod to attempt to fulfill this PaymentIntent again.",
    "The bank did not confirm the payment. Try again or use another card.",
)
DEBIT_REFUSED = Decline(
    "payment_method_customer_decline",
    "",
    "The customer's bank account could not be debited.",
    "The bank account could not be debited.",
)

CARDS = (
    TestCard("4242424242424242", "Payment succeeds"),
    TestCard("4000000000000002", "Card is declined", decline=DECLINED),
    TestCard("4000000000009995", "Not enough funds", decline=NO_FUNDS),
    TestCard("4000000000000069", "Card has expired", decline=EXPIRED),
    TestCard("4000000000000127", "Wrong code", decline=WRONG_CODE),
    TestCard("4000000000003220", "Bank asks to confirm (3D Secure)", needs_authentication=True),
    TestCard("4000000000000341", "Works now, fails at renewal", fails_at_renewal=True),
    TestCard("4000000000000259", "Works, is disputed as fraud", dispute=Dispute("fraudulent")),
    TestCard("4000000000005126", "Works, its refund fails later", refund_fails=True),
    TestCard("000123456789", "Pays later (bank debit)", brand="bank", pays_later=True),
    TestCard("4000002500003155", "Bank asks to confirm", needs_authentication=True,
             is_listed=False),
    TestCard("4000000000001976", "Works, the bank inquires", is_listed=False,
             dispute=Dispute("fraudulent", is_inquiry=True)),
    TestCard("4000000000002685", "Works, is disputed as not received", is_listed=False,
             dispute=Dispute("product_not_received")),
    TestCard("5555555555554444", "Payment succeeds", brand="mastercard", is_listed=False),
    TestCard("378282246310005", "Payment succeeds", brand="amex", is_listed=False),
)  # fmt: skip

LISTED = tuple(card for card in CARDS if card.is_listed)


def find_card(number: str) -> TestCard | None:
    """The test card of a full number, however it is spaced, or of its last four digits."""
    digits = re.sub(r"\D", "", number)
    for card in CARDS:
        if digits in (card.number, card.last4):
            return card
    return None
