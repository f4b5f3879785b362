"""What stops a deployment, said with the next step."""

from lakeport.errors import LakeportError


class DeployError(LakeportError):
    """Something of the deployment is wrong, or AWS did not do as asked; a second run begins where this one ended."""
