"""Import each of our modules as the first of ours; run as a program, for a process that has none of them.

Reads [modules, folders of our code] as JSON; writes the traceback of each module that fails.

While a module is tried, other modules of ours are loaded only together with all that they import.
So none of them can import the module that is tried, and it sees of them only what it imports.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback


class Trials:
    """Which of our modules are loaded, and which have failed."""

    def __init__(self, folders: list[str]) -> None:
        self._folders = tuple(folder + os.sep for folder in folders)
        self._others: set[str] = set()
        self.failed: dict[str, str] = {}

    def loaded(self) -> list[str]:
        """Return our modules in the order in which their imports began."""
        new = [(name, module) for name, module in sys.modules.items() if name not in self._others]
        ours = [name for name, module in new if self._is_ours(name, module)]
        self._others |= {name for name, _ in new}.difference(ours)
        return ours

    def _is_ours(self, name: str, module: object) -> bool:
        return name != "__main__" and str(getattr(module, "__file__", "")).startswith(self._folders)

    def run(self, modules: list[str]) -> None:
        """Try each module; if it needs others that are not loaded, try them first, and then it again."""
        ahead, tries = modules[::-1], dict.fromkeys(modules, 0)
        while ahead:
            module = ahead.pop()
            if module in sys.modules or tries[module] > 1:
                continue
            tries[module] += 1
            needed = self._try(module)
            if tries[module] == 1:
                ahead += [module, *(name for name in needed if tries.get(name) == 0)]

    def _try(self, module: str) -> list[str]:
        """Import a module, and unload it if it has loaded others of ours; return these."""
        here = self.loaded()
        hidden = [(*_place(name), sys.modules[name]) for name in here]
        for package, name, _ in hidden:
            vars(package).pop(name, None)
        failure = _failure(module)
        needed = [name for name in self.loaded() if name not in {*here, module}]
        if failure:
            self.failed[module] = failure
        if failure or needed:
            for name in (module, *needed):
                package, attribute = _place(name)
                vars(package).pop(attribute, None)
                sys.modules.pop(name, None)
        for package, name, value in hidden:
            vars(package).setdefault(name, value)
        return needed


def _place(module: str) -> tuple[object, str]:
    """Return the package that shows a module, and the module's name in it."""
    package, _, name = module.rpartition(".")
    return sys.modules.get(package, sys), name


def _failure(module: str) -> str:
    try:
        importlib.import_module(module)
    except BaseException:  # noqa: BLE001 - whatever ends an import is reported
        return traceback.format_exc()[-4000:]
    return ""


if __name__ == "__main__":
    asked, places = json.load(sys.stdin)
    trials = Trials(places)
    trials.run(asked)
    json.dump(trials.failed, sys.stderr)
