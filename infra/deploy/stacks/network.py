"""The stack of the network: its subnets are in zones that have every endpoint.

A subnet cannot move.  Until the main stack exists, nothing is in the network, so it is created again in other zones.
"""

from __future__ import annotations

from dataclasses import replace

from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy.aws import Aws
from infra.deploy.changes import Change
from infra.deploy.deployment import Deployment
from infra.deploy.preflight import endpoints
from infra.deploy.stacks import changing, state
from infra.deploy.stacks.stack import Stack


def stack(aws: Aws, deployment: Deployment) -> Stack:
    """Return the wanted stack, in the zones of the deployment's YAML or in those that the region suggests."""
    parameters = endpoints.parameters(aws, deployment) | deployment.parameters | {"Name": deployment.name}
    return Stack(deployment.network_stack, deployment.template("network"), parameters, deployment.tags)


def plan(aws: Aws, deployment: Deployment) -> list[Change]:
    """Return the changes; those of a new network name its zones, with the ids by which Redshift lists its zones."""
    wanted = stack(aws, deployment)
    if _must_move(aws, deployment, wanted):
        changes = [Change(f"stack {wanted.name}", "create", "again")]
    else:
        changes = changing.plan(aws, wanted)
    zones = _zones(aws, wanted)
    return [
        replace(each, detail=f"{each.detail} in {zones}") if each.action == "create" and zones else each
        for each in changes
    ]


def apply(aws: Aws, deployment: Deployment) -> bool:
    """Create or update the network and return whether anything changed.  Safe to repeat after a kill anywhere."""
    wanted = stack(aws, deployment)
    if _must_move(aws, deployment, wanted):
        if state.describe(aws, deployment.main_stack) is not None:
            changing.delete(aws, deployment.main_stack, "its creation failed earlier; deleting the rest of it")
        changing.delete(aws, wanted.name, "its subnets are in other zones; creating it again")
    return changing.apply(aws, wanted)


def _must_move(aws: Aws, deployment: Deployment, wanted: Stack) -> bool:
    if state.completed(aws, deployment.main_stack) is not None:
        return False
    has = state.parameters(aws, wanted.name)
    return bool(has) and any(has.get(name) != wanted.wanted[name] for name in endpoints.ZONES)


def _zones(aws: Aws, wanted: Stack) -> str:
    """Return the zones with their ids, "" if CloudFormation chooses them or the VPC exists."""
    names = [wanted.wanted[name] for name in endpoints.ZONES if wanted.wanted[name]]
    if wanted.wanted["RedshiftEnhancedVpcRouting"] != "true":
        names = names[:2]
    if not names or wanted.wanted["ExistingVpcId"]:
        return ""
    try:
        found = aws.client("ec2").describe_availability_zones(ZoneNames=names)["AvailabilityZones"]
    except (ClientError, BotoCoreError):
        found = []
    ids = {each["ZoneName"]: f" ({each['ZoneId']})" for each in found}
    return "zones " + ", ".join(f"{name}{ids.get(name, '')}" for name in names)
