"""The stack that this process uses: several benchmarks start one each."""

import os

from lakeport.files.s3_objects import s3_client
from lakeport.secrets_manager import read_secret
from local import stack
from local.config import Config


def use(config: Config, **more: str) -> None:
    """Use this stack from now on, also where Lakeport keeps a client or a secret for as long as a process runs."""
    os.environ.update(stack.shell_environment(config) | more)
    s3_client.cache_clear()
    read_secret.cache_clear()
