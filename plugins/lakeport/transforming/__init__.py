"""Python transforms: a function in `transforms/` between the file and what COPY reads, row by row or byte by byte.

What a function's author imports stands here: `Rows` and `FileFacts`, for its type hints.
"""

from lakeport.preparing.rows import Rows
from lakeport.schema.facts import FileFacts

__all__ = ["FileFacts", "Rows"]
