"""Run a command as an ordinary user: PostgreSQL refuses to run as root.

`python local/plain_user.py COMMAND...` replaces itself by the command.
Root first tries a user namespace, in which its files stay its own and nothing on the host changes.
Where that is forbidden (many containers) it becomes user nobody; see `home_for_nobody` for where files go then.
"""

import ctypes
import os
import pwd
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000
ORDINARY_ID = 1000


def enter_user_namespace() -> None:
    """Become user 1000 in a namespace of our own; raises OSError where the host forbids it."""
    if hasattr(os, "unshare"):  # Python 3.12
        os.unshare(CLONE_NEWUSER)
    else:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(CLONE_NEWUSER):
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/gid_map").write_text(f"{ORDINARY_ID} 0 1")
    Path("/proc/self/uid_map").write_text(f"{ORDINARY_ID} 0 1")


def can_enter_user_namespace() -> bool:
    """Try it in a child, because there is no way back."""
    child = os.fork()
    if child == 0:
        try:
            enter_user_namespace()
        except (OSError, AttributeError):
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def become_nobody() -> None:
    nobody = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)


def main(command: list[str]) -> None:
    """Give up root, if we have it, and run the command in this very process."""
    if os.geteuid() == 0:
        try:
            enter_user_namespace()
        except (OSError, AttributeError):
            become_nobody()
    os.execv(command[0], command)  # noqa: S606 - the command is our own, and a shell would only be in the way


if __name__ == "__main__":
    main(sys.argv[1:])
