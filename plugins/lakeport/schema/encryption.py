"""How files are encrypted by their sender: what `format.encryption` says in a schema."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator

from lakeport.schema.one_of import OneOf
from lakeport.schema.values import Part


def _secret_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_+=.@/-]{1,200}", name):
        # The value may be the key itself: do not repeat it.
        raise ValueError(
            "is not the name of a secret; write the name below keys/ in Secrets Manager, as in bank, not the key"
        )
    return name


SecretName = Annotated[str, AfterValidator(_secret_name)]


class Pgp(Part):
    """OpenPGP, as gpg writes it."""

    type: Literal["pgp"]
    """OpenPGP messages, as gpg writes them, binary or armored."""
    key: SecretName
    """The secret with the private key, armored, below the deployment's keys/ in Secrets Manager."""
    passphrase: SecretName | None = None
    """The secret with the passphrase of the private key, if it has one."""
    signer: SecretName | None = None
    """The secret with the sender's public key, armored; a file without its valid signature is refused."""


class ClientSide(Part):
    """AWS's client-side encryption, version 1, with a symmetric master key."""

    type: Literal["client_side"]
    """AWS's client-side encryption, version 1, with a symmetric master key, as UNLOAD ... ENCRYPTED wrote it."""
    key: SecretName
    """The secret with the master key, 32 bytes in Base64, below the deployment's keys/ in Secrets Manager."""


AnyEncryption = Annotated[Pgp | ClientSide, OneOf({"pgp": Pgp, "client_side": ClientSide}, "type")]
