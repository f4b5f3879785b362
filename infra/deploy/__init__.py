"""Deploy Lakeport to an AWS account: three stacks, the code and the database users; change only what differs."""
