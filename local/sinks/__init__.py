"""Take the mail and the Slack messages Lakeport sends, and keep each one as a file."""
