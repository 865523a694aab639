"""`flask billing grant` and `record`."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskCliRunner

from billing.models import User
from tests.factories import account, demo_catalog

pytestmark = pytest.mark.one_database


@pytest.fixture
def user(cli: FlaskCliRunner) -> User:
    demo_catalog()
    return account("ada@example.com")


class TestGrant:
    def test_the_tokens_are_there(self, cli: FlaskCliRunner, user: User) -> None:
        result = cli.invoke(
            args=["billing", "grant", "ada@example.com", "100", "--reason", "Sorry"]
        )

        assert (result.exit_code, result.stdout) == (
            0,
            "Granted 100 tokens; the balance is 100.\n",
        )
        assert user.token_balance.balance == 100

    def test_twice_is_two_grants(self, cli: FlaskCliRunner, user: User) -> None:
        arguments = ["billing", "grant", str(user.id), "100", "--reason", "Sorry"]
        cli.invoke(args=arguments)
        cli.invoke(args=arguments)

        assert user.token_balance.balance == 200

    def test_tokens_can_lapse(self, cli: FlaskCliRunner, user: User) -> None:
        arguments = [
            "grant",
            "ada@example.com",
            "5",
            "--reason",
            "Trial",
            "--expires",
            "2999-01-01",
        ]
        result = cli.invoke(args=["billing", *arguments])

        assert result.exit_code == 0
        assert user.token_balance.balance == 5

    @pytest.mark.usefixtures("user")
    def test_a_past_expiry_is_refused(self, cli: FlaskCliRunner) -> None:
        arguments = ["grant", "ada@example.com", "5", "--reason", "x", "--expires", "2020-01-01"]
        result = cli.invoke(args=["billing", *arguments])

        assert result.exit_code == 1
        assert result.stderr == "Error: The expiry lies in the past.\n"

    @pytest.mark.parametrize(
        "arguments",
        [
            ["0", "--reason", "x"],
            ["-5", "--reason", "x"],
            ["1.5", "--reason", "x"],
            ["5"],
            ["5", "--reason", "x" * 501],
            ["5", "--reason", "x", "--expires", "tomorrow"],
        ],
    )
    def test_bad_input_is_wrong_usage(
        self, cli: FlaskCliRunner, user: User, arguments: list[str]
    ) -> None:
        result = cli.invoke(args=["billing", "grant", "ada@example.com", *arguments])

        assert result.exit_code == 2
        assert user.token_balance.balance == 0


class TestRecord:
    @pytest.mark.usefixtures("user")
    def test_it_prints_the_receipt(self, cli: FlaskCliRunner) -> None:
        result = cli.invoke(
            args=["billing", "record", "ada@example.com", "ai_chat", "--quantity", "3"]
        )

        receipt = json.loads(result.stdout)
        assert (receipt["quantity"], receipt["from_quota"], receipt["tokens_charged"]) == (3, 3, 0)
        assert receipt["quota"]["remaining"] == 17

    def test_the_same_key_again_prints_the_same_receipt(
        self, cli: FlaskCliRunner, user: User
    ) -> None:
        arguments = ["billing", "record", user.email, "ai_chat", "--key", "job-1"]
        first, second = cli.invoke(args=arguments), cli.invoke(args=arguments)

        assert first.stdout == second.stdout
        assert json.loads(second.stdout)["quota"]["used"] == 1

    @pytest.mark.usefixtures("user")
    def test_a_refusal_is_one_line_with_the_numbers(self, cli: FlaskCliRunner) -> None:
        result = cli.invoke(
            args=["billing", "record", "ada@example.com", "ai_chat", "--quantity", "25"]
        )

        error = result.stderr.splitlines()[-1]
        assert (result.exit_code, result.stdout) == (1, "")
        assert error.startswith("Error: This needs 5 tokens beyond the quota")
        assert "quota_used 0, quota_limit 20" in error
        assert "balance 0" in error

    @pytest.mark.usefixtures("user")
    @pytest.mark.parametrize(
        ("feature", "words"),
        [("ai_mentor", "Your plan does not include"), ("teleport", "There is no feature called")],
    )
    def test_what_the_plan_lacks_is_refused(
        self, cli: FlaskCliRunner, feature: str, words: str
    ) -> None:
        result = cli.invoke(args=["billing", "record", "ada@example.com", feature])

        assert result.exit_code == 1
        assert words in result.stderr

    @pytest.mark.usefixtures("user")
    @pytest.mark.parametrize("quantity", ["0", "-1", "1.5", "1000001", "many"])
    def test_a_bad_quantity_is_wrong_usage(self, cli: FlaskCliRunner, quantity: str) -> None:
        result = cli.invoke(
            args=["billing", "record", "ada@example.com", "ai_chat", "--quantity", quantity]
        )

        assert result.exit_code == 2

    @pytest.mark.usefixtures("user")
    def test_an_unknown_user_is_an_error(self, cli: FlaskCliRunner) -> None:
        result = cli.invoke(args=["billing", "record", "nobody@example.com", "ai_chat"])

        assert result.exit_code == 1
