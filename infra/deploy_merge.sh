#!/usr/bin/env bash
# Deploy a merge to the deployment NAME.  If only schemas and transforms have changed since the last release, publish
# those without an update of the environment.  The release record holds the last deployed commit: the run before this
# one may have failed, or GitHub may have dropped it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

by_long_way=(commands dags infra lakeport lambda plugins requirements.txt sql)
by_short_way=(schemas transforms)

# Without a commit to compare with (first deployment, rewritten branch, release without a commit), deploy everything.
only_schemas() { # RELEASED
    git cat-file -e "$1^{commit}" 2>/dev/null || return 1
    git merge-base --is-ancestor "$1" HEAD || return 1
    git diff --quiet "$1" HEAD -- "${by_long_way[@]}" && ! git diff --quiet "$1" HEAD -- "${by_short_way[@]}"
}

released="$(./lakeport deploy --name "$NAME" --released)"
options=(--name "$NAME" --yes)
if only_schemas "$released"; then
    options+=(--schemas-only)
fi
exec ./lakeport deploy "${options[@]}"
