"""One line for each step of a script: ok or FAILED."""

import contextlib
import traceback
from collections.abc import Iterator


@contextlib.contextmanager
def step(name: str) -> Iterator[None]:
    try:
        yield
    except Exception:
        traceback.print_exc()
        print("FAILED", name, flush=True)
    else:
        print("ok", name, flush=True)
