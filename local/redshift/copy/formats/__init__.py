"""Readers of the file formats COPY loads: each turns a file's bytes into CSV that PostgreSQL takes unchanged."""
