"""S3, SQS, Lambda, Secrets Manager and SNS on the laptop: one server, and what Lakeport keeps in it."""
