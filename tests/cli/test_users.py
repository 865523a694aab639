"""`flask billing create-user` and `create-key`."""

from __future__ import annotations

import pytest
from flask.testing import FlaskCliRunner

from billing.domain import passwords
from billing.errors import NotAuthenticated, UserNotFound
from billing.services import api_access, api_keys, users
from tests.factories import account, demo_catalog

pytestmark = [pytest.mark.usefixtures("_catalog"), pytest.mark.one_database]


@pytest.fixture
def _catalog(cli: FlaskCliRunner) -> None:
    demo_catalog()


class TestCreateUser:
    def test_it_prints_the_id_of_a_provisioned_user(self, cli: FlaskCliRunner) -> None:
        result = cli.invoke(args=["billing", "create-user", "Ada@Example.com"])

        user = users.get("ada@example.com")
        assert (result.exit_code, result.stdout) == (0, f"{user.id}\n")
        assert user.subscription.tier.name == "Free"
        assert user.token_balance.balance == 0
        assert not user.is_admin

    def test_it_takes_the_password_from_the_standard_input(self, cli: FlaskCliRunner) -> None:
        cli.invoke(
            args=["billing", "create-user", "ada@example.com", "--password-stdin"],
            input="seven-green-bottles\n",
        )

        assert passwords.matches("seven-green-bottles", users.get("ada@example.com").password_hash)

    def test_an_admin_has_the_hosts_id_too(self, cli: FlaskCliRunner) -> None:
        arguments = ["create-user", "ada@example.com", "--admin", "--external-id", "host-7"]
        cli.invoke(args=["billing", *arguments])

        assert users.get("host-7").is_admin

    def test_a_taken_address_is_refused(self, cli: FlaskCliRunner) -> None:
        account("ada@example.com")

        result = cli.invoke(args=["billing", "create-user", "ADA@example.com"])

        assert result.exit_code == 1
        assert result.stderr.splitlines()[-1].startswith("Error: A user with this")
        assert result.stdout == ""

    @pytest.mark.parametrize(
        "email", ["ada", "ada@", "a b@example.com", "a@b.c,d@e.f", "", "x" * 300]
    )
    def test_what_is_no_address_is_wrong_usage(self, cli: FlaskCliRunner, email: str) -> None:
        result = cli.invoke(args=["billing", "create-user", email])

        assert result.exit_code == 2

    @pytest.mark.parametrize("password", ["", "short", "password1234", "x" * 257])
    def test_a_weak_password_makes_no_user(self, cli: FlaskCliRunner, password: str) -> None:
        result = cli.invoke(
            args=["billing", "create-user", "ada@example.com", "--password-stdin"],
            input=f"{password}\n",
        )

        assert result.exit_code == 2
        with pytest.raises(UserNotFound):
            users.get("ada@example.com")


class TestCreateKey:
    def test_a_user_key_acts_for_its_user(self, cli: FlaskCliRunner) -> None:
        user = account("ada@example.com")

        result = cli.invoke(args=["billing", "create-key", "--user", "ada@example.com"])

        key = api_access.authenticate(result.stdout.strip())
        assert (key.user_id, key.is_service) == (user.id, False)

    def test_a_service_key_belongs_to_nobody(self, cli: FlaskCliRunner) -> None:
        result = cli.invoke(args=["billing", "create-key", "--service", "--name", "host"])

        key = api_access.authenticate(result.stdout.strip())
        assert (key.user_id, key.is_service) == (None, True)

    def test_it_may_be_for_reading_and_until_a_day(self, cli: FlaskCliRunner) -> None:
        arguments = ["--service", "--read-only", "--expires", "2999-12-31"]
        result = cli.invoke(args=["billing", "create-key", *arguments])

        raw_key = result.stdout.strip()
        assert api_access.authenticate(raw_key).scopes == {"read"}
        assert "read  -  expires 2999-12-31 00:00" in _list(cli)

    @pytest.mark.parametrize("arguments", [[], ["--service", "--user", "ada@example.com"]])
    def test_one_kind_has_to_be_chosen(self, cli: FlaskCliRunner, arguments: list[str]) -> None:
        result = cli.invoke(args=["billing", "create-key", *arguments])

        assert result.exit_code == 2

    def test_the_key_stands_in_no_log(self, cli: FlaskCliRunner) -> None:
        result = cli.invoke(args=["billing", "create-key", "--service"])

        assert result.stdout.strip() not in result.stderr

    def test_an_unknown_user_gets_no_key(self, cli: FlaskCliRunner) -> None:
        result = cli.invoke(args=["billing", "create-key", "--user", "nobody@example.com"])

        assert result.exit_code == 1
        assert result.stderr == "Error: There is no user with this id or e-mail address.\n"


class TestKeys:
    def test_a_revoked_key_opens_nothing(self, cli: FlaskCliRunner) -> None:
        raw_key = cli.invoke(args=["billing", "create-key", "--service", "--name", "host"]).stdout
        prefix = raw_key[:11]
        assert f"{prefix}  read write  host\n" == _list(cli)

        revoked = cli.invoke(args=["billing", "keys", "revoke", prefix])

        assert revoked.exit_code == 0
        assert "revoked 2" in _list(cli)
        with pytest.raises(NotAuthenticated):
            api_access.authenticate(raw_key.strip())

    def test_a_users_keys_are_listed_apart(self, cli: FlaskCliRunner) -> None:
        user = account("ada@example.com")
        raw_key = api_keys.create(user=user, name="laptop", actor="test")

        assert _list(cli) == ""
        assert _list(cli, "--user", user.email) == f"{raw_key[:11]}  read write  laptop\n"

    def test_an_unknown_key_is_an_error(self, cli: FlaskCliRunner) -> None:
        result = cli.invoke(args=["billing", "keys", "revoke", "bk_aaaaaaaa"])

        assert (result.exit_code, result.stderr) == (1, "Error: There is no such API key.\n")


def _list(cli: FlaskCliRunner, *arguments: str) -> str:
    return str(cli.invoke(args=["billing", "keys", "list", *arguments]).stdout)
