"""Draw which package of lakeport imports which into plugins/lakeport/README.md; `--check` only compares.

An arrow that follows from others (a imports b, b imports c, so a may import c) is left out.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import grimp

REPOSITORY = Path(__file__).resolve().parents[1]
README = REPOSITORY / "plugins" / "lakeport" / "README.md"
BEGIN, END = "<!-- made by `make graph` -->\n", "<!-- end of the graph -->\n"


def layers() -> list[list[str]]:
    """Return the packages of each layer, the top layer first, as the import rules list them."""
    tool = tomllib.loads((REPOSITORY / "checks" / "imports.toml").read_text())["tool"]["importlinter"]
    (contract,) = [contract for contract in tool["contracts"] if contract["id"] == "layers"]
    return [[name.strip(" ()") for name in layer.split("|")] for layer in contract["layers"]]


def imports(packages: list[str]) -> dict[str, set[str]]:
    """Return the packages that each package imports directly."""
    graph = grimp.build_graph("lakeport", cache_dir=None)
    found: dict[str, set[str]] = {package: set() for package in packages}
    for module in graph.modules:
        importer = module.split(".")[1:2]
        for imported in graph.find_modules_directly_imported_by(module):
            if (name := imported.split(".")[1:2]) != importer and importer and name:
                found[importer[0]].add(name[0])
    return found


def reachable(found: dict[str, set[str]], package: str) -> set[str]:
    """Return the packages that the package imports, directly or through others."""
    seen: set[str] = set()
    waiting = [*found[package]]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += found[name]
    return seen


def drawing() -> str:
    """Return the graph as a Mermaid block, one row a layer."""
    rows = layers()
    found = imports([name for row in rows for name in row])
    lines = ["```mermaid", "flowchart TB"]
    for row in rows:
        for name in row:
            through = set[str]().union(*(reachable(found, other) for other in found[name]))
            lines += [f"    {name} --> {other}" for other in sorted(found[name] - through)]
    return "\n".join([*lines, "```", ""])


def main() -> int:
    """Write the graph, or return 1 where the one in the README is out of date."""
    text = README.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    current = f"{before}{BEGIN}\n{drawing()}\n{END}{after}"
    if "--check" not in sys.argv:
        README.write_text(current)
    elif current != text:
        print(f"{README.relative_to(REPOSITORY)}: the graph of imports is out of date; run make graph")  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
