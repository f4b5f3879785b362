"""A schema for the tests of deploying."""

from __future__ import annotations

SCHEMA = """\
description: Trips, one row per trip.
owner: tests
landing: {{pattern: "{name}/*.csv"}}
format: {{type: csv, header_lines: 1}}
columns: [{{name: id, type: integer}}]
"""
