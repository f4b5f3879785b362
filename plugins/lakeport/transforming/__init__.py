"""Python transforms: a function in `transforms/` between the file and what COPY reads, row by row or byte by byte.

What a function's author imports stands here: `Rows` and `FileFacts`, for its type hints.
"""

from lakeport.file_facts import FileFacts
from lakeport.transforming.rows import Rows

__all__ = ["FileFacts", "Rows"]
