"""How files are encrypted by their sender: what `format.encryption` says in a schema."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lakeport.schema.values import Part

SecretName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_+=.@/-]{1,200}$")]


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


AnyEncryption = Annotated[Pgp | ClientSide, Field(discriminator="type")]
