"""The VPC endpoints that the region offers, and the zones that have all endpoints a new VPC needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy.aws import Aws
from infra.deploy.deployment import Deployment
from infra.deploy.stacks import state

ALWAYS = ("s3", "sqs", "logs", "monitoring", "kms", "secretsmanager", "sns", "airflow.api", "airflow.env")
# Parameter that turns endpoints off: its services.
_UNLESS = {"OpsEndpoint": ("airflow.ops",), "EcrEndpoints": ("ecr.api", "ecr.dkr")}
# Parameter that turns endpoints on: its services.
_IF = {"MailEndpoint": ("email-smtp",)}
ZONES = ("ZoneA", "ZoneB", "ZoneC")

Offered = Mapping[str, set[str]]
"""Each endpoint's zones, by their names in this account."""


def parameters(aws: Aws, deployment: Deployment) -> dict[str, str]:
    """Return the parameters that suit the region: without endpoints it does not offer, in zones that have the others.

    MWAA's list has changed before, and in some regions a zone lacks an endpoint.
    The network of a deployment keeps its parameters.  If the creation of what uses it failed, perhaps because of its
    zones, they are chosen again.  Empty if the account may not read the endpoints.
    """
    if state.completed(aws, deployment.main_stack):
        has = state.parameters(aws, deployment.network_stack)
        return {name: has[name] for name in (*_UNLESS, *ZONES) if name in has}
    offered = _offered(aws)
    found = _left_out(offered)
    return found | dict(zip(ZONES, _zones(offered, deployment) or [], strict=False))


def problems(aws: Aws, deployment: Deployment) -> Iterator[str]:
    """Yield the required endpoints that are not offered, or report that too few zones have all of them."""
    if deployment.parameters.get("VpcEndpoints") == "false":
        return
    offered = _offered(aws)
    missing = [name for name in ALWAYS if offered and name not in offered]
    for name in missing:
        why = "which a VPC without internet access needs; choose another region"
        yield f"region {aws.region} offers no VPC endpoint {name}, {why}"
    zones = None if missing else _zones(offered, deployment)
    least = 3 if deployment.parameters.get("RedshiftEnhancedVpcRouting") == "true" else 2
    if zones is not None and len(zones) < least:
        have = f"region {aws.region}: zones with every endpoint: {', '.join(zones) or 'none'}"
        yield f"{have}; at least {least} are required; use your own VPC (ExistingVpcId) or another region"


def _left_out(offered: Offered) -> dict[str, str]:
    names = {parameter for parameter, services in _UNLESS.items() if offered and not offered.keys() >= {*services}}
    return dict.fromkeys(sorted(names), "false")


def _zones(offered: Offered, deployment: Deployment) -> list[str] | None:
    """Return the zones that have every endpoint, or None if that is unknown or the deployment chooses the zones."""
    given = _left_out(offered) | deployment.parameters
    if any(given.get(name) for name in ("ExistingVpcId", *ZONES)) or given.get("VpcEndpoints") == "false":
        return None
    wanted = [each for name, services in _UNLESS.items() if given.get(name) != "false" for each in services]
    wanted += [each for name, services in _IF.items() if given.get(name) == "true" for each in services]
    if not given.get("ExistingRedshiftHost"):
        wanted.append("redshift-serverless")  # not to be created: its zones are a hint at those of Redshift Serverless
    known = [offered[name] for name in (*ALWAYS, *wanted) if offered.get(name)]
    return sorted(set.intersection(*known)) if known else None


def _offered(aws: Aws) -> Offered:
    prefix = f"com.amazonaws.{aws.region}."
    try:
        found = aws.client("ec2").describe_vpc_endpoint_services()
    except (ClientError, BotoCoreError) as error:
        aws.report(f"not checked: which VPC endpoints {aws.region} offers ({str(error).splitlines()[0][:200]})")
        return {}
    offered: dict[str, set[str]] = {name.removeprefix(prefix): set() for name in found["ServiceNames"]}
    for each in found.get("ServiceDetails", ()):  # S3 is listed twice, as a gateway and as an interface
        zones = {zone for zone in each.get("AvailabilityZones", ()) if zone[:-1] == aws.region}  # no local zones
        offered.setdefault(each["ServiceName"].removeprefix(prefix), set()).update(zones)
    return offered
