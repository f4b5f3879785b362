"""Pack the Lambda function into a zip that is identical, byte for byte, each time.

`python -m infra.package OUTPUT.zip` packs for AWS.  The zip holds the handler, the modules of ours that it imports,
their SQL statements and psycopg2; the runtime provides boto3.
"""

import argparse
import ast
import hashlib
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
HANDLER = REPOSITORY / "lambda" / "register_files" / "handler.py"
PLUGINS = REPOSITORY / "plugins"
STATEMENTS = REPOSITORY / "sql" / "mng"
PSYCOPG2 = "psycopg2-binary==2.9.11"
OLDEST_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
FILE_MODE = 0o100644
EXECUTABLE_MODE = 0o100755


@dataclass(frozen=True)
class Runtime:
    """The interpreter that runs the function: compiled packages must match it."""

    python: str
    """Major and minor version, for example 3.12."""
    platform: str
    """uv's name for it, for example aarch64-manylinux_2_28."""

    @classmethod
    def of(cls, interpreter: Path) -> "Runtime":
        """Return the runtime of this interpreter on this machine."""
        code = "import sys; print('%d.%d' % sys.version_info[:2])"
        done = subprocess.run([interpreter, "-c", code], check=True, capture_output=True, text=True)
        machine = platform.machine().replace("arm64", "aarch64")
        here = {"Darwin": f"{machine}-apple-darwin"}.get(platform.system(), f"{machine}-manylinux_2_28")
        return cls(done.stdout.strip(), here)


AWS = Runtime("3.12", "aarch64-manylinux_2_28")
ARCHITECTURES = {"arm64": AWS, "x86_64": Runtime("3.12", "x86_64-manylinux_2_28")}
"""AWS Lambda's names of processors, with the runtime of each."""


def build(output: Path, runtime: Runtime, handler: Path = HANDLER) -> str:
    """Write the zip and return its SHA-256."""
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        _copy(handler, root / "handler.py")
        for module in imported_modules(handler):
            _copy(module, root / module.relative_to(PLUGINS))
        for statement in sorted(STATEMENTS.glob("*.sql")):
            _copy(statement, root / statement.relative_to(REPOSITORY))
        write_zip(root, output, after=_libraries(output.parent, runtime))
    return hashlib.sha256(output.read_bytes()).hexdigest()


def imported_modules(handler: Path) -> list[Path]:
    """Return the modules of ours that the handler imports, directly or indirectly."""
    found: set[Path] = set()
    seen: set[str] = set()
    ahead = [handler]
    while ahead:
        names = {name for name in _imports(ahead.pop()) if name.split(".")[0] == "lakeport"} - seen
        seen |= names
        new = {path for name in names for path in _files(name)} - found
        found |= new
        ahead += new
    return sorted(found)


def _imports(module: Path) -> Iterator[str]:
    """Yield every name that the module imports; `from a import b` yields a and a.b, since b may be a module."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _files(name: str) -> Iterator[Path]:
    """Yield the files of a module and its parent packages; nothing if the name is not a module."""
    path = PLUGINS.joinpath(*name.split("."))
    packages = [parent / "__init__.py" for parent in (path, *path.parents) if PLUGINS in parent.parents]
    yield from (each for each in (path.with_suffix(".py"), *packages) if each.is_file())


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)


def write_zip(root: Path, output: Path, after: Path | None = None) -> None:
    """Zip a directory with sorted names, one timestamp and two modes, so that equal content has equal bytes.

    `after` is a zip whose content precedes the directory's.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    draft = output.with_name(output.name + ".draft")
    if after:
        shutil.copyfile(after, draft)
    with zipfile.ZipFile(draft, "a" if after else "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(root).as_posix(), OLDEST_ZIP_TIME)
            entry.create_system = 3  # Unix on every machine: the mode below is read only there
            entry.external_attr = (EXECUTABLE_MODE if path.stat().st_mode & 0o100 else FILE_MODE) << 16
            entry.compress_type = zipfile.ZIP_STORED if path.suffix == ".whl" else zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes(), compresslevel=1)  # the default takes four times as long for 9 %
    draft.replace(output)


def _libraries(cache: Path, runtime: Runtime) -> Path:
    """Return a zip with psycopg2 for the runtime; made once and kept beside the others."""
    kept = cache / f"{PSYCOPG2}-python{runtime.python}-{runtime.platform}.zip"
    if not zipfile.is_zipfile(kept):
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as directory:
            _install(Path(directory) / "libraries", runtime)
            made = Path(directory) / "libraries.zip"  # other builds may run beside this one
            write_zip(Path(directory) / "libraries", made)
            made.replace(kept)
    return kept


def _install(root: Path, runtime: Runtime) -> None:
    """Install psycopg2 without files that differ between installations."""
    command = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet", "--target", str(root)]
    command += ["--no-deps", "--only-binary", ":all:", "--system-certs"]
    command += ["--python-version", runtime.python, "--python-platform", runtime.platform]
    subprocess.run([*command, PSYCOPG2], check=True)
    for leftover in [*root.glob("*.dist-info"), *root.rglob("__pycache__"), root / ".lock"]:
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink(missing_ok=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("--architecture", choices=ARCHITECTURES, default="arm64")
    options = parser.parse_args()
    digest = build(options.output, ARCHITECTURES[options.architecture])
    sys.stdout.write(f"{digest}  {options.output}\n")


if __name__ == "__main__":
    main()
