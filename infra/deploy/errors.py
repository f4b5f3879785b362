"""The error that stops a deployment."""

from lakeport.errors import LakeportError


class DeployError(LakeportError):
    """The deployment is not valid, or AWS refused a request; the next run continues where this one stopped."""
