"""Deploy Lakeport to an AWS account: stacks, the code and the database users; change only what differs.

`command.py` reads the options, `deploying.py` takes the steps in their order.  `preflight/` checks the account first,
`stacks/` has CloudFormation's part, `content/` what is in the code bucket, and `running/` what runs in the account.
"""
