"""Python transforms: a function in `transforms/` between the file and what COPY reads, row by row or byte by byte.

Functions import `Rows` and `FileFacts` from here for their type hints.
"""

from lakeport.preparing.rows import Rows
from lakeport.schema.facts import FileFacts

__all__ = ["FileFacts", "Rows"]
