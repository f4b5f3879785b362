"""A stand-in for Amazon Redshift on a laptop: a PostgreSQL-wire proxy that runs Redshift's DDL and COPY."""
