"""Lakeport loads files that land in S3 into Redshift tables and accounts for every file and row."""

__version__ = "0.10.0"
