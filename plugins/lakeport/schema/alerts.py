"""Who is alerted: what `alerts` says in a schema."""

import re

from pydantic import field_validator

from lakeport.schema.values import EmailAddress, Part


class Alerts(Part):
    """Who is alerted when a run fails."""

    slack: str | None = None
    """The Slack channel, such as #flight-data."""
    email: tuple[EmailAddress, ...] = ()
    """The addresses that get an e-mail."""

    @field_validator("slack")
    @classmethod
    def _is_a_channel(cls, slack: str | None) -> str | None:
        if slack is not None and not re.match(r"[#@]|[CDGU][A-Z0-9]{7,}$", slack):
            raise ValueError(f'is {slack!r}, which is not a channel; write its name with #, in quotes: "#{slack}"')
        return slack
