"""Bring an AWS account to today's Lakeport: two stacks, the code, the database users; only what changed."""
