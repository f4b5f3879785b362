"""LISTAGG: where Redshift runs it, and the aggregate that stands for it."""

from collections.abc import Iterator, Sequence

from local.redshift.dialect.refusals import is_of_catalog
from local.redshift.dialect.tokens import Edit, Token, argument_commas, closing, upper_at
from local.redshift.protocol.errors import Refused


def check(tokens: Sequence[Token]) -> None:
    """LISTAGG runs on compute nodes, which have no query without a user's table."""
    words = [token.upper for token in tokens]
    if "LISTAGG" in words and ("FROM" not in words or is_of_catalog(words)):
        raise Refused(
            "One or more of the used functions must be applied on at least one user created tables."
            " Examples of user table only functions are LISTAGG, MEDIAN, PERCENTILE_CONT, etc"
        )


def edits(tokens: Sequence[Token], at: int) -> Iterator[Edit]:
    """LISTAGG(x, d) WITHIN GROUP (ORDER BY y) is an aggregate that is given (x, d ORDER BY y).

    As a window function it takes its order, and all its rows, from the window.
    """
    end = closing(tokens, at + 1)
    is_distinct = upper_at(tokens, at + 2) == "DISTINCT" and upper_at(tokens, end + 1) in ("WITHIN", "OVER")
    yield Edit(tokens[at].start, tokens[at].end, f"pg_internal.listagg{'_distinct' if is_distinct else ''}")
    if is_distinct:
        yield Edit(tokens[at + 2].start, tokens[at + 2].end, "")
    if not argument_commas(tokens, at + 2, end):
        yield Edit(tokens[end - 1].end, tokens[end - 1].end, ", ''")
    if [upper_at(tokens, end + offset) for offset in (1, 2, 3)] != ["WITHIN", "GROUP", "("]:
        return
    group_end = closing(tokens, end + 3)
    if [upper_at(tokens, group_end + offset) for offset in (1, 2)] != ["OVER", "("]:
        yield Edit(tokens[end].start, tokens[end + 3].end, " ")
        return
    order = " ".join(token.text for token in tokens[end + 4 : group_end])
    window_end = tokens[closing(tokens, group_end + 2)].start
    yield Edit(tokens[end + 1].start, tokens[group_end].end, "")
    yield Edit(window_end, window_end, f" {order} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING")
