"""Stripe's error bodies, as an exception that any part of the sandbox may raise."""

from typing import Any


class ApiError(Exception):
    """A refusal that is sent as `{"error": {...}}` with an HTTP status."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        details: dict[str, Any] | None = None,
        is_kept: bool = False,
    ) -> None:
        """`details` are more fields of the error, such as `decline_code`. With `is_kept` what was
        done before it stays done: a declined payment leaves its failed attempt."""
        super().__init__(message)
        self.message, self.status, self.kind, self.code, self.param = (
            message, status, kind, code, param,
        )  # fmt: skip
        self.details, self.is_kept = details or {}, is_kept

    def body(self) -> dict[str, Any]:
        error: dict[str, Any] = {"message": self.message, "type": self.kind}
        if self.code:
            error["code"] = self.code
            error["doc_url"] = "https://stripe.com/docs/error-codes/" + self.code.replace("_", "-")
        if self.param:
            error["param"] = self.param
        error |= self.details
        return {"error": error}


def missing_key() -> ApiError:
    return ApiError(
        "You did not provide an API key. You need to provide your API key in the Authorization "
        "header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See "
        "https://stripe.com/docs/api#authentication for details, or we can help at "
        "https://support.stripe.com/.",
        status=401,
    )


def invalid_key(key: str) -> ApiError:
    shown = f"{key[:8]}{'*' * max(len(key) - 12, 0)}{key[-4:]}" if len(key) > 12 else "*" * len(key)
    return ApiError(f"Invalid API Key provided: {shown}", status=401)


def unrecognized_url(method: str, path: str) -> ApiError:
    return ApiError(
        f"Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we "
        "can help at https://support.stripe.com/.",
        status=404,
    )


def no_such(kind: str, object_id: str, *, param: str, status: int = 404) -> ApiError:
    return ApiError(
        f"No such {kind}: '{object_id}'", status=status, code="resource_missing", param=param
    )


def parameter_missing(param: str) -> ApiError:
    return ApiError(f"Missing required param: {param}.", code="parameter_missing", param=param)


def not_served(what: str, param: str) -> ApiError:
    """For what Stripe takes and the sandbox does not: never ignored in silence."""
    return ApiError(f"The local sandbox does not serve `{what}` yet.", param=param)


def invalid(message: str, param: str, code: str | None = None) -> ApiError:
    return ApiError(message, param=param, code=code)
