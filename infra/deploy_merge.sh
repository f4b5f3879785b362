#!/usr/bin/env bash
# Deploy a merge: commits that change schemas and transforms only take the short way, which updates no environment.
# BEFORE is the commit that was deployed last, NAME the deployment.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Without a commit to compare with (a first push, a rewritten branch) everything is deployed.
only_schemas() {
    local changed
    git cat-file -e "$BEFORE^{commit}" 2>/dev/null || return 1
    git merge-base --is-ancestor "$BEFORE" HEAD || return 1
    changed="$(git diff --name-only "$BEFORE" HEAD)"
    [[ -n "$changed" ]] && ! grep -qvE '^(schemas/[^/]+\.yaml|transforms/.+)$' <<<"$changed"
}

options=(--name "$NAME" --yes)
if only_schemas; then
    options+=(--schemas-only)
fi
exec ./lakeport deploy "${options[@]}"
