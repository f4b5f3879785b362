"""Receive the e-mails and the Slack messages that Lakeport sends, and keep each one as a file."""
