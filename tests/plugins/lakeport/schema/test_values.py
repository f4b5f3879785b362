"""What all parts of a schema have in common."""

from __future__ import annotations

import threading
import time
from typing import Annotated, Any

from pydantic import create_model

from lakeport.files.at_once import at_once
from lakeport.schema.values import Part


def test_a_validator_that_threads_need_at_once_is_built_once() -> None:
    """Pydantic would build it in each of them, and one that is faster would find another one's half built."""
    builds = list[int]()

    class Counted:
        def __get_pydantic_core_schema__(self, source: object, handler: Any) -> Any:
            builds.append(threading.get_ident())
            time.sleep(0.05)  # so that the other threads need it meanwhile
            return handler(source)

    part: Any = create_model("Column", __base__=Part, width=(Annotated[int, Counted()], ...))
    found = at_once(lambda width: part.model_validate({"width": width}).width, range(4))

    assert (found, len(builds)) == ([0, 1, 2, 3], 1)
