#!/usr/bin/env bash
# Run every check of the repository, or those named, as many at once as there are processors; it changes
# nothing, needs no network and reports which tool found something.
# Each exception is here or beside its line, with its reason.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# semgrep runs helpers by name, and calls home unless told not to.
export PATH="$PWD/.venv-checks/bin:$PWD/.venv/bin:$PATH"
export SEMGREP_SEND_METRICS=off SEMGREP_ENABLE_VERSION_CHECK=0
# Checkov takes more time to start further processes than they save, and other checks run at the same time.
export CHECKOV_PARALLELIZATION_TYPE=none
# The checks compile what they import, once.
unset PYTHONDONTWRITEBYTECODE

wanted=" $* "
begun=()
failed=()
found="$(mktemp -d)" # what each check said, and how it ended
trap 'rm -rf "$found"' EXIT
at_once="$(getconf _NPROCESSORS_ONLN)"

check() { # NAME COMMAND...; begins it as soon as a processor is free
    [[ -z "${wanted// /}" || "$wanted" == *" $1 "* ]] || return 0
    while (($(jobs -rp | wc -l) >= at_once)); do
        wait -n
        report
    done
    begun+=("$1")
    run "$@" &
}

run() { # NAME COMMAND...
    local started=$SECONDS status=0
    "${@:2}" >"$found/$1.said" 2>&1 || status=$?
    echo "$status $((SECONDS - started))" >"$found/$1.writing"
    mv "$found/$1.writing" "$found/$1.ended"
}

report() { # those that ended since it was called last
    local name status seconds
    for name in "${begun[@]}"; do
        [[ -f "$found/$name.ended" ]] || continue
        read -r status seconds <"$found/$name.ended"
        rm "$found/$name.ended"
        if ((status)); then
            failed+=("$name")
            cat "$found/$name.said"
        fi
        printf 'check: %-15s %-7s %3d s\n' "$name" "$( ((status)) && echo FAILED || echo ok)" "$seconds" >&2
    done
}

files() { # every file that is or will be committed
    git ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do [[ -f "$file" ]] && echo "$file"; done
}

product=(plugins lambda dags)
# Skipped there: what runs on laptops and in CI only starts programs (B404, B603, B606), asks 127.0.0.1 (B310), uses
# known passwords (B105), /tmp (B108), random numbers that are not secret (B311), and its own SQL (B608).
tools=(local infra bench)
tools_may="B404,B603,B606,B310,B105,B108,B311,B608"

# Not secrets, though they look like it: passwords of the local stack and of tests, ...
known='^(lakeport|lakeport/airflow|%\(password\)s|test|wrong|local-only|old|off|md5|secret|password|token|t0ken|Secrets Manager|T00000000/B00000000/local|arn:aws:[a-z]+:us-east-1:0{12}:.*)$'
# ... the templates' lines that name a secret or define how it is made, the class that reads them, ...
names='secretsmanager:GetSecretValue|_(SECRET|secret): !Sub|KmsKeyId: !Ref|SecretStringTemplate: !Sub|ManageAdminPassword: true'
names+='|\.SecretsManagerBackend'
# ... digests of samples, the ids of S3 events, the commits that actions are pinned by, and codes that look like numbers.
digests='SHA256|e[Tt]ag|sequencer|x-amz-request-id|uses: |commit: .?[0-9a-f]{40}|5001173100E7'
# YAML that is wrong on purpose stops the tool; locks, messages and the data of samples and tests hold no secrets.
unread='^(tests/schemas/wrong/.*|.*requirements.*\.txt|tests/data/.*|tests/golden/.*|tests/integration/keys/serializetojson\.yaml|samples/.*\.(csv|gz|zip|jsonl))$'

# Text in plain English: what checks/language.yaml lists is refused here.
mapfile -t prose < <(files '*.md' '*.py' '*.sh' '*.sql' '*.yaml' '*.yml' Makefile .ci |
    grep -vE '^(tests/(schemas/wrong|data)|checks/semgrep|samples/.*\.py)(/|$)|^checks/language\.|^tests/checks/test_checks\.py$')

check ruff ruff check .
check ruff-format ruff format --check .
check mypy mypy
check imports env PYTHONPATH="plugins:." lint-imports --no-logo --no-cache checks/imports.toml
check graph env PYTHONPATH=plugins python checks/import_graph.py --check
check language python checks/language.py "${prose[@]}"
check bandit bandit --quiet --recursive "${product[@]}"
check bandit-tools bandit --quiet --skip "$tools_may" --recursive "${tools[@]}"
check semgrep semgrep scan --quiet --error --disable-version-check --metrics off --config checks/semgrep "${product[@]}" infra
check cfn-lint cfn-lint infra/bootstrap.yaml infra/network.yaml infra/main.yaml infra/alarms.yaml infra/landing.yaml
check checkov checkov --framework cloudformation github_actions --directory . --skip-path '^/?\.venv' --skip-download --quiet --compact
check compose check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yaml
check workflows check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yaml
check zizmor zizmor --offline --quiet .github/workflows
mapfile -t all < <(files)
check detect-secrets detect-secrets-hook --no-verify --exclude-secrets "$known" --exclude-lines "$names" \
    --exclude-lines "$digests" --exclude-files "$unread" "${all[@]}"

wait
report
if ((${#failed[@]})); then
    printf 'check: failed: %s\n' "${failed[*]}" >&2
    exit 1
fi
