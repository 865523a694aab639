"""Ids with the prefix, the length and the alphabet of Stripe's."""

import secrets
import string

_ALPHABET = string.ascii_letters + string.digits
_SHAPES = {
    "account": ("acct_1", 15),
    "balance_transaction": ("txn_1", 23),
    "billing_portal.configuration": ("bpc_1", 23),
    "billing_portal.session": ("bps_1", 23),
    "charge": ("ch_3", 23),
    "checkout.session": ("cs_test_a1", 58),
    "coupon": ("", 8),
    "customer": ("cus_", 14),
    "customer_balance_transaction": ("cbtxn_1", 23),
    "discount": ("di_1", 23),
    "dispute": ("du_1", 23),
    "event": ("evt_1", 23),
    "invoice": ("in_1", 23),
    "invoice_payment": ("inpay_1", 23),
    "item": ("li_1", 23),
    "line_item": ("il_1", 23),
    "payment_intent": ("pi_3", 23),
    "payment_method": ("pm_1", 23),
    "price": ("price_1", 23),
    "product": ("prod_", 14),
    "promotion_code": ("promo_1", 23),
    "refund": ("re_3", 23),
    "request": ("req_", 14),
    "setup_intent": ("seti_1", 23),
    "subscription": ("sub_1", 23),
    "subscription_item": ("si_", 14),
    "subscription_schedule": ("sub_sched_1", 23),
    "test_helpers.test_clock": ("clock_1", 23),
    "webhook_endpoint": ("we_1", 23),
}


def new_id(kind: str) -> str:
    prefix, length = _SHAPES[kind]
    return prefix + token(length)


def token(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
