"""`./dev`, as whoever clones the repository meets it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

VERBS = ["help", "run", "test", "check", "bench", "faults", "lock", "sbom", "translate"]


def dev(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the launcher in an environment of these variables only."""
    variables = {"PATH": "/usr/local/bin:/usr/bin:/bin", **environment}
    return subprocess.run(
        [ROOT / "dev", *arguments], env=variables, capture_output=True, text=True, check=False
    )


def test_help_lists_every_verb() -> None:
    done = dev("help")

    assert VERBS == [line.split()[0] for line in done.stdout.splitlines() if line[:2] == "  "]


@pytest.mark.parametrize("verb", VERBS)
def test_readme_names_every_verb(verb: str) -> None:
    assert f"./dev {verb}" in (ROOT / "README.md").read_text()


def test_unknown_verb_is_refused_by_name() -> None:
    done = dev("launch")

    assert (done.returncode, "launch" in done.stderr) == (2, True)


def test_python_that_cannot_start_is_passed_over(tmp_path: Path) -> None:
    shim = tmp_path / "python3"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)

    done = dev("help", PATH=f"{tmp_path}:/usr/local/bin:/usr/bin:/bin")

    assert done.returncode == 0


def test_machine_without_python_is_told_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "python3").symlink_to("/bin/false")

    done = subprocess.run(
        ["/bin/sh", _without_absolute_candidates(tmp_path), "help"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, "apt-get install" in done.stderr) == (1, True)


def _without_absolute_candidates(directory: Path) -> Path:
    script = directory / "dev"
    text = (ROOT / "dev").read_text()
    script.write_text(text.replace("/usr/local/bin/python3 /usr/bin/python3", "python"))
    return script
