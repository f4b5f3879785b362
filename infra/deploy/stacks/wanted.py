"""The stacks that a deployment needs, each with its template and parameters."""

from __future__ import annotations

from dataclasses import dataclass

from infra.deploy.aws import Aws
from infra.deploy.content import code
from infra.deploy.deployment import Deployment
from infra.deploy.stacks import state
from infra.deploy.stacks.landing import Landing
from infra.deploy.stacks.stack import Stack

VERSIONS = {"FunctionVersion": code.FUNCTION, "PluginsVersion": code.PLUGINS, "RequirementsVersion": code.REQUIREMENTS}
"""The parameters of the main stack that are versions of objects in the code bucket."""


@dataclass(frozen=True)
class WantedStacks:
    """The stacks of one deployment; those of its network and its landing buckets are in network and landing."""

    aws: Aws
    deployment: Deployment
    landing: Landing

    def bootstrap(self) -> Stack:
        """Return the stack that must exist before the code is uploaded."""
        parameters = self.deployment.parameters | {"Name": self.deployment.name}
        tags = self.deployment.tags
        return Stack(self.deployment.bootstrap_stack, self.deployment.template("bootstrap"), parameters, tags)

    def main(self, versions: dict[str, str]) -> Stack:
        """Return the stack of everything else, with these versions of the code."""
        parameters = self.deployment.parameters | versions
        for below in (self.deployment.bootstrap_stack, self.deployment.network_stack):
            parameters |= state.outputs(self.aws, below)
        parameters |= self.landing.parameters(parameters["KeyArn"]) if "KeyArn" in parameters else {}
        parameters |= {
            "Name": self.deployment.name,
            "FunctionKey": code.FUNCTION,
            "FunctionArchitecture": self.deployment.function_architecture,
        }
        return Stack(
            self.deployment.main_stack,
            self.deployment.template("main"),
            parameters,
            self.deployment.tags,
            versions=tuple(VERSIONS),
        )

    def alarms(self, main: dict[str, str]) -> Stack:
        """Return the stack of the alarms; `main` are the outputs of the stack whose topic they use."""
        parameters = {"Name": self.deployment.name, **main}
        template = self.deployment.template("alarms")
        return Stack(self.deployment.alarms_stack, template, parameters, self.deployment.tags)

    def given(self, template: str) -> Stack:
        """Return a stack with the deployment's own parameters only, without a request to AWS."""
        return Stack(template, self.deployment.template(template), self.deployment.parameters, {})
