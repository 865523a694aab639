"""The audit of the logging: nothing in the tree, and each defect that is planted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tests.architecture.source import ROOT

SCRIPT = ROOT / "scripts" / "audit_billing_logging.py"

DEFECTS = {
    "a handler that does nothing": (
        """
        try:
            work()
        except ValueError:
            pass
        """,
        "plant.py:4: silent handler",
    ),
    "a handler that gives an empty answer that nobody promised": (
        """
        def load(name) -> list[str]:
            try:
                return work(name)
            except KeyError:
                return []
        """,
        "plant.py:5: silent handler",
    ),
    "a handler that hides a lost database behind an answer": (
        """
        def load() -> str:
            try:
                return work()
            except SQLAlchemyError:
                return "nothing to see"
        """,
        "plant.py:5: silent handler",
    ),
    "a handler whose function only defines what would raise": (
        """
        try:
            work()
        except ValueError:
            def later():
                raise RuntimeError
        """,
        "plant.py:4: silent handler",
    ),
    "a suppressed failure": (
        """
        with contextlib.suppress(OSError):
            work()
        """,
        "plant.py:2: silent handler",
    ),
    "everything suppressed": (
        """
        # It may fail.
        with suppress(Exception):
            work()
        """,
        "plant.py:3: silent handler",
    ),
    "a broad except that answers": (
        """
        def is_there() -> bool:
            try:
                return work()
            except Exception:
                return False
        """,
        "plant.py:5: broad except",
    ),
    "a bare except that logs no traceback": (
        """
        try:
            work()
        except:
            # The rest must go on.
            log.warning("work.failed")
        """,
        "plant.py:4: broad except",
    ),
    "a broad except that becomes another error": (
        """
        try:
            work()
        except (ValueError, BaseException) as error:
            raise RuntimeError from error
        """,
        "plant.py:4: broad except",
    ),
    "a secret by the name of its field": (
        'log.info("login.failed", password=typed)',
        "plant.py:1: sensitive value: password",
    ),
    "a secret by the name of the value": (
        'log.warning("key.refused", sent=request.raw_key)',
        "plant.py:1: sensitive value: request.raw_key",
    ),
    "an address in the text": (
        'logger.error(f"no mail to {user.email}")',
        "plant.py:1: sensitive value: user.email",
    ),
    "a whole payload, inside a call": (
        'log.info("webhook.kept", body=str(event.payload))',
        "plant.py:1: sensitive value: event.payload",
    ),
    "a token of a kind that opens something": (
        'log.info("link.made", link=reset_token)',
        "plant.py:1: sensitive value: reset_token",
    ),
    "a key written into the code": (
        'log.info("stripe.called", key="sk_' + 'live_abcd1234")',
        "plant.py:1: sensitive value: a secret in the text",
    ),
    "a print": ('print("here")', "plant.py:1: print"),
    "a write to the terminal": ('sys.stderr.write("here")', "plant.py:1: print"),
}

SOUND = '''
def find(name) -> str | None:
    """Return the text."""
    try:
        return work(name)
    except KeyError:
        return None


def is_number(text) -> bool:
    try:
        int(text)
    except ValueError:
        return False
    return True


def answer():
    try:
        work()
    except Refused as error:
        return str(error)


def translate():
    try:
        work()
    except OSError as error:
        raise Unavailable from error


def hand_over():
    try:
        work()
    except OSError as error:
        stamp(error)


def stamp(error):
    log.log(level, "work.failed", error=type(error).__name__)


def go_on():
    try:
        work()
    except Exception:
        # The next one must not wait for this.
        log.exception("work.failed")


def clean_up():
    try:
        work()
    except BaseException:
        undo()
        raise


log.info("tokens.granted", tokens=5, token_balance=balance, token_id=token.id, email_id=email.id)
log.info("password.changed", length=len(password), has_key=bool(api_key), api_key_id=key.id)
'''


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_tree_has_no_finding() -> None:
    audited = run("--check")

    assert audited.returncode == 0, audited.stdout


def test_each_planted_defect_is_found(tmp_path: Path) -> None:
    """One run over all of them: a folder each, as if it were a room of billing."""
    for number, (code, _expected) in enumerate(DEFECTS.values()):
        room = tmp_path / f"room{number}"
        room.mkdir()
        room.joinpath("plant.py").write_text(dedent(code))

    audited = run(tmp_path, "--report", tmp_path / "report.md")

    missed = [
        name
        for number, (name, (_code, expected)) in enumerate(DEFECTS.items())
        if f"room{number}/{expected}" not in audited.stdout
    ]
    assert missed == []
    assert audited.returncode == 1
    assert f"{len(DEFECTS)} findings in {len(DEFECTS)} files." in audited.stdout
    assert "room0/plant.py:4` silent handler" in (tmp_path / "report.md").read_text()


def test_what_is_right_is_let_be(tmp_path: Path) -> None:
    tmp_path.joinpath("sound.py").write_text(SOUND)

    audited = run(tmp_path, "--report", tmp_path / "report.md")

    assert audited.stdout == "0 findings in 1 files.\n"
    assert "None." in (tmp_path / "report.md").read_text()


@pytest.mark.parametrize("place", ["cli/print.py", "demo/print.py"])
def test_commands_may_print(tmp_path: Path, place: str) -> None:
    path = tmp_path / place
    path.parent.mkdir()
    path.write_text("print('done')\n")

    assert run(tmp_path, "--check").returncode == 0
