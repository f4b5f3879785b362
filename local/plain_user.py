"""Run a command as an ordinary user: PostgreSQL refuses to run as root.

`python local/plain_user.py namespace|nobody COMMAND...` gives up root and replaces itself by the command.
In a user namespace root's files stay root's and nothing on the host changes, so that is the way wherever it is allowed.
Many containers forbid it; there, the command runs as user nobody.
"""

import ctypes
import os
import pwd
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000
ORDINARY_ID = 1000


def enter_user_namespace() -> None:
    """Become user 1000 in a new namespace; raises OSError where the host forbids it."""
    if hasattr(os, "unshare"):  # from Python 3.12
        os.unshare(CLONE_NEWUSER)
    else:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(CLONE_NEWUSER):
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/gid_map").write_text(f"{ORDINARY_ID} 0 1")
    Path("/proc/self/uid_map").write_text(f"{ORDINARY_ID} 0 1")


def become_nobody() -> None:
    nobody = pwd.getpwnam("nobody")
    os.chdir("/")
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)


WAYS = {"namespace": enter_user_namespace, "nobody": become_nobody}


if __name__ == "__main__":
    WAYS[sys.argv[1]]()
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - the command is our own; a shell would only be in the way
