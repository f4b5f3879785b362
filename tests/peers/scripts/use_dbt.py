"""dbt: a project with a seed, a table, an incremental model, a snapshot and tests; everything twice, and the docs."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from steps import step

FILES = {
    "dbt_project.yml": "name: peers\nversion: '1.0'\nprofile: peers\nmodels:\n  +persist_docs: {relation: true, columns: true}\n",
    "profiles.yml": """peers:
  target: dev
  outputs:
    dev: {type: redshift, host: "%(host)s", port: %(port)s, user: "%(user)s", password: "%(password)s", dbname: "%(database)s", # pragma: allowlist secret
          schema: dbt_peers, threads: 1, sslmode: disable, autocommit: true}
""",
    "seeds/people.csv": "id,name,updated_at\n1,Ann,2024-01-01 00:00:00\n2,Bob,2024-01-02 00:00:00\n",
    "models/people_table.sql": "{{ config(materialized='table', dist='id', sort=['id']) }} SELECT id, name FROM {{ ref('people') }}",
    "models/people_view.sql": "{{ config(materialized='view', bind=False) }} SELECT * FROM {{ ref('people_table') }}",
    "models/people_incremental.sql": """{{ config(materialized='incremental', unique_key='id', on_schema_change='append_new_columns') }}
SELECT id, name, updated_at FROM {{ ref('people') }}
{% if is_incremental() %} WHERE updated_at >= (SELECT max(updated_at) FROM {{ this }}) {% endif %}""",
    "models/people_merge.sql": """{{ config(materialized='incremental', unique_key='id', incremental_strategy='merge') }}
SELECT id, name, updated_at FROM {{ ref('people') }}""",
    "models/schema.yml": """version: 2
models:
  - name: people_table
    description: People, one row each
    columns:
      - {name: id, description: "The number; it's unique", data_tests: [unique, not_null]}
""",
    "snapshots/people_snapshot.sql": """{% snapshot people_snapshot %}
{{ config(target_schema='dbt_peers', unique_key='id', strategy='timestamp', updated_at='updated_at') }}
SELECT * FROM {{ ref('people') }}{% endsnapshot %}""",
}

with tempfile.TemporaryDirectory() as folder:
    place = {key: os.environ[f"PEER_{key.upper()}"] for key in ("host", "port", "database", "user", "password")}
    for name, text in FILES.items():
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text % place if name == "profiles.yml" else text)
    commands = [
        "debug",
        "seed",
        "seed",
        "run",
        "run",
        "snapshot",
        "snapshot",
        "test",
        "run --full-refresh",
        "docs generate",
    ]
    for number, command in enumerate(commands):
        with step(f"{number} dbt {command}"):
            program = [
                str(Path(sys.executable).with_name("dbt")),
                *command.split(),
                "--project-dir",
                folder,
                "--profiles-dir",
                folder,
            ]
            subprocess.run(program, check=True, cwd=folder)
