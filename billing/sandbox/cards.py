"""The test cards of Stripe's documentation, and one method that pays later."""

import re
from typing import NamedTuple

from billing.sandbox.errors import ApiError


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

PROCESSING_ERROR = Decline(
    "processing_error",
    "processing_error",
    "An error occurred while processing your card. Try again in a little bit.",
    "The card could not be processed. Try again.",
)
LOST = Decline("card_declined", "lost_card", "Your card was declined.", DECLINED.page_message)
STOLEN = Decline("card_declined", "stolen_card", "Your card was declined.", DECLINED.page_message)

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
    TestCard("4000000000000119", "Processing error", decline=PROCESSING_ERROR, is_listed=False),
    TestCard("4000000000009987", "Lost card", decline=LOST, is_listed=False),
    TestCard("4000000000009979", "Stolen card", decline=STOLEN, is_listed=False),
    TestCard("5555555555554444", "Payment succeeds", brand="mastercard", is_listed=False),
    TestCard("378282246310005", "Payment succeeds", brand="amex", is_listed=False),
)  # fmt: skip

LISTED = tuple(card for card in CARDS if card.is_listed)

# Stripe's names of the same cards: `pm_card_visa`, `tok_visa` and so on.
_NAMES = {
    "amex": "0005",
    "authenticationRequired": "3155",
    "chargeCustomerFail": "0341",
    "chargeDeclined": "0002",
    "chargeDeclinedExpiredCard": "0069",
    "chargeDeclinedIncorrectCvc": "0127",
    "chargeDeclinedInsufficientFunds": "9995",
    "chargeDeclinedLostCard": "9987",
    "chargeDeclinedProcessingError": "0119",
    "chargeDeclinedStolenCard": "9979",
    "createDispute": "0259",
    "createDisputeInquiry": "1976",
    "createDisputeProductNotReceived": "2685",
    "mastercard": "4444",
    "refundFail": "5126",
    "threeDSecure2Required": "3220",
    "visa": "4242",
}


def named_card(name: str) -> TestCard | None:
    """The test card of a name such as `pm_card_visa`, `pm_card_visa_chargeDeclined`, `tok_visa`."""
    short = re.sub(r"^(pm_card|tok)_(visa_(?=charge))?", "", name)
    return find_card(_NAMES[short]) if short in _NAMES and short != name else None


def card_error(decline: Decline, **details: object) -> ApiError:
    """A decline as the 402 of the API; `details` are more fields of the error."""
    reason = {"decline_code": decline.decline_code} if decline.decline_code else {}
    return ApiError(
        decline.message,
        status=402,
        kind="card_error",
        code=decline.code,
        details=reason | details,
        is_kept=True,
    )


def find_card(number: str) -> TestCard | None:
    """The test card of a full number, however it is spaced, or of its last four digits."""
    digits = re.sub(r"\D", "", number)
    for card in CARDS:
        if digits in (card.number, card.last4):
            return card
    return None
