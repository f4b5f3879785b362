"""Deploy Lakeport to an AWS account: two stacks, the code, the database users; only what changed."""
