"""Decide what to do with a statement: pass it on, rewrite it, or run it in the stand-in."""

import re
from collections.abc import Callable, Sequence

from local.redshift.copy.statement import parse
from local.redshift.dialect import (
    alterations,
    clauses,
    ddl,
    isolation,
    late_binding,
    lateral,
    long_names,
    merge,
    parameters,
    pivot,
    qualify,
    recursion,
    refusals,
    rewrite,
    routines,
    show,
    super_paths,
)
from local.redshift.dialect.tokens import Kind, Token, split, tokenize, upper_at
from local.redshift.protocol import names
from local.redshift.protocol.errors import Refused, StandInError
from local.redshift.server.kinds import (
    Accepted,
    Alone,
    Ask,
    Body,
    Copy,
    Failed,
    Forward,
    Instead,
    Lookup,
    Statement,
    Truncate,
    Unload,
)
from local.redshift.unload import statement

STUB = "SET lakeport.stub TO ''"
"""What the engine receives for a statement that the stand-in runs: it has no parameters and no rows."""

_OWN_SETTINGS = ("DEFAULT_TRANSACTION_ISOLATION",)
"""Those that Redshift keeps for itself."""
_MEANS_NOTHING = re.compile(r"^ALTER (SCHEMA \S* QUOTA|ROLE \S* (WITH )?OWNER|USER \S* RESET SESSION TIMEOUT$)")
"""A quota, who owns a role, how long a session may be idle."""
_READ: dict[tuple[str, int, int], Forward] = {}
_MOST_KEPT, _LONGEST_KEPT = 1000, 4000
_SESSION_LEVEL = ("SESSION", "CHARACTERISTICS")


def read(sql: str) -> list[Statement]:
    """Read what a client sends, which may be several statements."""
    return [_statement(each) for each in split(sql)]


def read_one(sql: str) -> Statement:
    """Read a statement of the extended protocol; the engine itself refuses several."""
    found = read(sql)
    return found[0] if len(found) == 1 else Forward(sql)


def asks(statement: Statement) -> bool:
    """Return whether the engine has to be asked before a statement can run."""
    if isinstance(statement, Forward):
        return bool(statement.aliases) or statement.is_recursive or statement.is_typed
    return isinstance(statement, Ask | Body | Lookup | Unload)


def without(statement: Forward, alias: str) -> Forward | Ask:
    """Return a statement with an alias's expression in its place."""
    return _forward(statement.source, statement.replaced | {alias})


def of_body(sql: str) -> Statement:
    """Read a statement of a procedure or function."""
    tokens = tokenize(sql)
    try:
        if upper_at(tokens, 0) == "EXECUTE":
            _check_text(tokens)
        return _late_bound(sql, tokens, of_body) or _forward(sql)
    except StandInError as error:
        return Failed(error)


def _check_text(tokens: Sequence[Token]) -> None:
    """The text that EXECUTE runs is not reworded: a division that may differ is refused."""
    for inner in (tokenize(token.string()) for token in tokens if token.kind in (Kind.TEXT, Kind.BODY)):
        for at, token in enumerate(inner):
            if token.upper == "/" and not (_is_whole(inner, at - 1) and _is_whole(inner, at + 1)):
                raise Refused(
                    "A division in the text of EXECUTE is not supported by this stand-in: write the statement without"
                    " EXECUTE"
                )


def _is_whole(tokens: Sequence[Token], at: int) -> bool:
    return 0 <= at < len(tokens) and tokens[at].text.isdigit()


def of_query(sql: str) -> Statement:
    """Read the query of an UNLOAD."""
    return _statement(sql)


def has_parameters(sql: str) -> bool:
    return any(token.kind is Kind.PARAMETER for token in tokenize(sql))


def is_transaction_control(statement: Statement) -> bool:
    words = [token.upper for token in tokenize(statement.sql)[:1]] if isinstance(statement, Forward) else []
    return bool(words) and words[0] in ("BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT")


def _statement(sql: str) -> Statement:
    """Read one statement; clients repeat statements, which depend on nothing but the names that were met before."""
    known = (sql, len(names.LONG), len(late_binding.NAMES))
    if known not in _READ:
        found = _read_anew(sql)
        if not isinstance(found, Forward) or len(sql) > _LONGEST_KEPT:
            return found
        if len(_READ) >= _MOST_KEPT:
            _READ.clear()
        known = (sql, len(names.LONG), len(late_binding.NAMES))
        _READ[known] = found
    return _READ[known]


def _read_anew(sql: str) -> Statement:
    try:
        refusals.check_size(sql)
        tokens = tokenize(sql)
        if (short := long_names.shortened(sql, tokens)) != sql:
            sql, tokens = short, tokenize(short)
        refusals.check(tokens)
        merge.check(tokens)
        recursion.check(tokens)
        if replaced := merge.without_duplicates(sql, tokens):
            sql, tokens = replaced, tokenize(replaced)
        return _own(sql, tokens) or _late_bound(sql, tokens, _statement) or _forward(sql)
    except StandInError as error:
        return Failed(error)


def _late_bound(sql: str, tokens: list[Token], read_again: Callable[[str], Statement]) -> Statement | None:
    """Look up the queries of the late-binding views that a statement may read."""
    known = late_binding.NAMES
    may_use = bool(known) and any(token.is_name and token.name() in known for token in tokens)
    relations = late_binding.used(tokens) if may_use else []
    if not relations:
        return None

    def answered(found: Sequence[str | None]) -> Statement:
        if not any(found):
            return _forward(sql)
        return read_again(late_binding.substituted(sql, tokens, relations, found))

    return Lookup(late_binding.lookup(relations), answered)


def _late_binding_view(sql: str, tokens: list[Token]) -> Statement:
    name, source, replace = late_binding.creation(sql, tokens)
    forwarded = _forward(source)
    query = forwarded.sql if isinstance(forwarded, Forward) else source
    return Instead(late_binding.call(name, source, query, replace), "CREATE VIEW")


def _asked(question: pivot.Question) -> Ask:
    asked = _forward(question.query)
    query = asked.sql if isinstance(asked, Forward) else question.query
    return Ask(query, lambda columns: _forward(question.answered(columns)))


def _forward(sql: str, replaced: frozenset[str] = frozenset()) -> Forward | Ask:
    tokens = tokenize(sql)
    words = {token.upper for token in tokens}
    if "SELECT" not in words:
        text = super_paths.rewritten(sql)
        return Forward(rewrite.rewritten(text, tokenize(text)))
    if pivot.may_ask(words) and (question := pivot.question(sql)):
        return _asked(question)
    if (changed := clauses.rewritten(sql, frozenset(words))) != sql:
        return _forward(changed, replaced)
    aliases = lateral.aliases(tokens) - replaced
    text = lateral.substituted(sql, replaced) if replaced else sql
    text = super_paths.rewritten(qualify.rewritten(text) if "QUALIFY" in words else text)
    return Forward(rewrite.rewritten(text, tokens if text is sql else tokenize(text)), sql, aliases, replaced)


def _setting(sql: str, tokens: list[Token]) -> Statement | None:
    """Read SHOW, and SET of what only Redshift has."""
    query = show.query(tokens) or parameters.rewritten(sql, tokens)
    return Forward(query) if query else None


def _own(sql: str, tokens: list[Token]) -> Statement | None:
    found = _setting(sql, tokens)
    if found:
        return found
    match upper_at(tokens, 0), upper_at(tokens, 1):
        case "COPY", _:
            found = Copy(parse(tokens))
        case "UNLOAD", _:
            found = Unload(statement.parse(tokens))
        case "TRUNCATE", _:
            refusals.check_truncate(tokens)
            found = Truncate(rewrite.rewritten(sql, tokens))
        case "VACUUM", _:
            found = Alone("VACUUM", "", "VACUUM")
        case "CANCEL", process if process.isdecimal():
            found = Instead(f"SELECT pg_cancel_backend({process})", "CANCEL")
        case "ANALYZE", "COMPRESSION":
            found = Accepted("ANALYZE")
        case "SET", second if second in _OWN_SETTINGS or (second, upper_at(tokens, 2)) == _SESSION_LEVEL:
            found = Accepted("SET")
        case "RESET", second if second in _OWN_SETTINGS:
            found = Accepted("RESET")
        case "CREATE", _ if routines.is_creation(tokens):
            sql = routines.normalized(sql, tokens)
            found = Body(routines.Routine(rewrite.rewritten(sql, tokenize(sql))))
        case "CREATE", _ if late_binding.is_creation(tokens):
            found = _late_binding_view(sql, tokens)
        case "ALTER", _:
            found = _alter(sql, tokens)
    return found


def _alter(sql: str, tokens: list[Token]) -> Statement | None:
    match upper_at(tokens, 1):
        case "TABLE":
            return _alter_table(sql, tokens)
        case "MATERIALIZED":
            return Accepted("ALTER MATERIALIZED VIEW")  # whether it is refreshed by itself
        case ("SCHEMA" | "ROLE" | "USER") as kind if _MEANS_NOTHING.search(" ".join(token.upper for token in tokens)):
            return Accepted(f"ALTER {kind}")
        case "DATABASE" if altered := isolation.of_database(tokens):
            return Alone("ALTER DATABASE", altered, "ALTER DATABASE")
        case _:
            return None


def _alter_table(sql: str, tokens: list[Token]) -> Statement | None:
    ddl.check_alteration(tokens)
    append = alterations.append_call(tokens)
    if [token.upper for token in tokens[-4:-1]] == ["ROW", "LEVEL", "SECURITY"]:
        raise Refused("ALTER TABLE ... ROW LEVEL SECURITY is not supported by this stand-in")
    if append:
        return Alone("ALTER TABLE APPEND", append, "ALTER TABLE")
    words = {token.upper for token in tokens}
    if "ALTER" in {token.upper for token in tokens[2:]} and "TYPE" in words:
        check = alterations.alter_check(tokens)
        return Alone("ALTER TABLE ALTER COLUMN", f"{check};{rewrite.rewritten(sql, tokens)}", "ALTER TABLE")
    added = next((upper_at(tokens, at + 1) for at, token in enumerate(tokens) if token.upper == "ADD"), "")
    if added in ("CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN") and words & {"PRIMARY", "UNIQUE", "FOREIGN"}:
        return Instead(alterations.key_call(tokens), "ALTER TABLE")  # noted, and never checked
    if {"DROP", "CONSTRAINT"} <= words:
        return Instead(alterations.key_call(tokens), "ALTER TABLE")
    if "ALTER" in {token.upper for token in tokens[2:]} and words & {"DISTKEY", "SORTKEY", "DISTSTYLE", "ENCODE"}:
        return Instead(alterations.storage_call(tokens), "ALTER TABLE")
    return None
