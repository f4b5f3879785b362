"""Lakeport: files that land in S3 become rows in Redshift, and every file and row is accounted for."""
