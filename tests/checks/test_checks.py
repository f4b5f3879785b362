"""Each check finds seeded violations in a copy of the repository, without a network."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from local.config import REPOSITORY

# A proxy that does not exist: whatever uses the network fails.
OFFLINE = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
GITHUB_PREFIXED = "ghp_" + hashlib.sha256(b"no token of anyone").hexdigest()[:36]

SEEDS = {
    "ruff": ("plugins/lakeport/seed_ruff.py", "import os\n"),
    "ruff-format": ("plugins/lakeport/seed_format.py", "x  =  1\n"),
    "bandit": ("plugins/lakeport/seed_bandit.py", "import pickle\n\npickle.loads(b'')\n"),
    "semgrep": ("plugins/lakeport/seed_sql.py", "def load(cursor, t):\n    cursor.execute(f'TRUNCATE {t}')\n"),
    "zizmor": (
        ".github/workflows/seed.yaml",
        "on: issues\njobs:\n  a:\n    runs-on: x\n    steps: [{run: 'echo ${{ github.event.issue.title }}'}]\n",
    ),
    "detect-secrets": ("plugins/lakeport/seed_secret.py", f'token = "{GITHUB_PREFIXED}"\n'),
}
MISTAKES = {
    "imports": ("plugins/lakeport/model.py", "from __future__ import annotations\n", "import psycopg2\n"),
    "graph": ("plugins/lakeport/README.md", "    cli --> console\n", ""),
    "language": (
        "docs/limits.md",
        "# Limits\n",
        "# Limits\n\nIt is no file that COPY takes: have it sent otherwise.\n",
    ),
    "compose": ("docker-compose.yaml", "network_mode: host", "network_mod: host"),
    "workflows": (".github/workflows/check.yaml", "timeout-minutes: 30", "timeout: 30"),
    "cfn-lint": ("infra/main.yaml", "Runtime: python3.12", "Runtime: python3.1"),
    "checkov": ("infra/main.yaml", "      KmsMasterKeyId: !Ref KeyArn\n", ""),
}
WITHOUT_SEEDS = (
    *("bench/", "commands/", "docs/*", "!docs/limits.md", "infra/deploy/", "local/"),
    *("plugins/lakeport/*/", "schemas/", "sql/", "transforms/"),
)


@pytest.fixture(scope="module")
def checks(starts_programs: None) -> None:
    subprocess.run([REPOSITORY / "local" / "setup.sh", "checks"], check=True)


@pytest.fixture
def checkout(checks: None, tmp_path: Path) -> Path:
    """A copy of what is checked, with this checkout's environments."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        if (REPOSITORY / name).is_file() and not name.startswith(("tests/", "samples/")):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, tmp_path / name)
    for environment in (".venv", ".venv-checks"):
        (tmp_path / environment).symlink_to(REPOSITORY / environment)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    return tmp_path


def run(checkout: Path, *names: str) -> subprocess.CompletedProcess[str]:
    command = [str(checkout / "checks" / "run.sh"), *names]
    return subprocess.run(command, env=os.environ | OFFLINE, capture_output=True, text=True, check=False)


def test_seeded_violations_are_caught(checkout: Path) -> None:
    """One of each kind; every tool names its own.

    What has no seed is ignored, since most of the time would go into it.
    """
    (checkout / ".git" / "info" / "exclude").write_text("\n".join(WITHOUT_SEEDS))
    packages = filter(Path.is_dir, (checkout / "plugins" / "lakeport").iterdir())
    (checkout / "plugins" / ".bandit").write_text(f"[bandit]\nexclude = {','.join(map(str, packages))}\n")
    for stack in ("alarms", "bootstrap", "landing", "network"):
        (checkout / "infra" / f"{stack}.yaml").write_text(
            "Resources: {Handle: {Type: 'AWS::CloudFormation::WaitConditionHandle'}}\n"
        )
    for path, text in SEEDS.values():
        (checkout / path).write_text(text)
    for path, right, wrong in MISTAKES.values():
        text = (checkout / path).read_text()
        assert right in text
        (checkout / path).write_text(text.replace(right, wrong))
    done = run(checkout, *SEEDS, *MISTAKES)

    assert done.returncode == 1
    assert set(done.stderr.splitlines()[-1].split()) - {"check:", "failed:"} == {*SEEDS, *MISTAKES}
    assert "command not found" not in done.stdout
    assert [path for path, _ in SEEDS.values() if Path(path).name not in done.stdout] == []


def language_problems(path: Path, text: str) -> list[str]:
    path.write_text(text)
    command = [REPOSITORY / ".venv-checks" / "bin" / "python", REPOSITORY / "checks" / "language.py", path]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()


def test_language_is_checked_in_docstrings_messages_comments_and_names(checks: None, tmp_path: Path) -> None:
    """Each with its line; a phrase may continue on the next line."""
    text = (
        '"""Return what\nis no\ncolumn."""\n\n# mend the\n# cause\nwas_told = 1\n_told = f"{was_told} stands twice"\n'
    )
    found = language_problems(tmp_path / "seed.py", text)

    places = {problem.split(":")[1] for problem in found}
    assert places == {"1", "2", "5", "8"}
    assert [problem for problem in found if "name '_told'" in problem]


def test_code_in_markdown_is_not_prose(checks: None, tmp_path: Path) -> None:
    text = "```\nmend it\n```\nRun `mend it`.\nMend it.\n"

    assert [problem.split(":")[1] for problem in language_problems(tmp_path / "seed.md", text)] == ["5"]


def test_name_of_a_test_is_read_as_a_sentence(checks: None, tmp_path: Path) -> None:
    [problem] = language_problems(tmp_path / "seed.py", "def test_file_is_told_twice() -> None:\n    pass\n")
    assert "'is told'" in problem


def test_single_check_runs_by_name_and_passes(checkout: Path) -> None:
    done = run(checkout, "compose")

    assert (done.returncode, done.stdout) == (0, "")
    assert [line.split()[1] for line in done.stderr.splitlines()] == ["compose"]


def test_every_unsafe_statement_is_caught_and_no_safe_one(checks: None) -> None:
    """checks/semgrep/sql.py says in each line's comment which rule must see it."""
    semgrep = REPOSITORY / ".venv-checks" / "bin" / "semgrep"
    command = [str(semgrep), "--test", "--metrics", "off", "--disable-version-check", "checks/semgrep"]
    path = os.pathsep.join([str(semgrep.parent), os.environ["PATH"]])
    environment = os.environ | OFFLINE | {"PATH": path, "SEMGREP_ENABLE_VERSION_CHECK": "0"}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "2/2" in done.stdout + done.stderr
