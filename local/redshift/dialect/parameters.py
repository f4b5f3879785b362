"""Session settings that only Redshift has: they are kept in the session, with Redshift's defaults, and can be shown."""

from collections.abc import Mapping, Sequence

from local.redshift.dialect.tokens import Edit, Token, apply, identifier, upper_at
from local.redshift.protocol.errors import INVALID_PARAMETER, Refused

PREFIX = "redshift"
DEFAULTS: Mapping[str, str] = {
    "analyze_threshold_percent": "10",
    "auto_analyze": "on",
    "auto_mv": "on",
    "cast_super_null_on_error": "on",
    "datashare_break_glass_session_var": "",
    "default_geometry_encoding": "1",
    "describe_field_name_in_uppercase": "off",
    "downcase_delimited_identifier": "on",
    "enable_case_sensitive_identifier": "off",
    "enable_case_sensitive_super_attribute": "off",
    "enable_numeric_rounding": "on",
    "enable_result_cache_for_session": "on",
    "enable_spectrum_oid": "on",
    "enable_user_activity_logging": "on",
    "enable_vacuum_boost": "off",
    "enable_vectorized_system_tables": "off",
    "error_on_nondeterministic_update": "off",
    "interval_forbid_composite_literals": "on",
    "json_parse_dedup_attributes": "off",
    "json_parse_truncate_strings": "off",
    "json_serialization_enable": "off",
    "json_serialization_parse_nested_strings": "off",
    "max_concurrency_scaling_clusters": "1",
    "max_cursor_result_set_size": "0",
    "mv_enable_aqmv_for_session": "on",
    "navigate_super_null_on_error": "on",
    "parse_super_null_on_error": "off",
    "pg_federation_repeatable_read": "on",
    "query_group": "unset",
    "require_ssl": "off",
    "spectrum_enable_pseudo_columns": "on",
    "spectrum_query_maxerror": "-1",
    "stored_proc_log_min_messages": "LOG",
    "use_fips_ssl": "off",
    "wlm_query_slot_count": "1",
}
_FIXED = {
    "enable_case_sensitive_identifier": ("off", "names are folded to lower case"),
    "enable_case_sensitive_super_attribute": ("off", "names are folded to lower case"),
    "enable_numeric_rounding": ("on", "casts round"),
    "navigate_super_null_on_error": ("on", "a path that leads nowhere is NULL"),
    "describe_field_name_in_uppercase": ("off", "names of columns are in lower case"),
}
"""Those the stand-in has one value of, and why."""
_SWITCHES = {"TRUE": "on", "ON": "on", "1": "on", "YES": "on", "FALSE": "off", "OFF": "off", "0": "off", "NO": "off"}


def rewritten(sql: str, tokens: Sequence[Token]) -> str | None:
    """Return what sets, resets or shows such a setting; None for any other statement."""
    verb = upper_at(tokens, 0)
    at = 1 + (verb == "SET" and upper_at(tokens, 1) in ("SESSION", "LOCAL"))
    if verb not in ("SET", "RESET", "SHOW") or at >= len(tokens) or not tokens[at].is_name:
        return None
    name = tokens[at].name()
    if name not in DEFAULTS:
        return None
    own = f"{PREFIX}.{identifier(name)}"
    if verb == "SHOW":
        return f"SELECT current_setting('{PREFIX}.{name}') AS {identifier(name)}"
    if verb == "SET":
        _check(name, tokens[-1])
    return apply(sql, [Edit(tokens[at].start, tokens[at].end, own)])


def _check(name: str, value: Token) -> None:
    given = value.text.strip("'\"").upper()
    only, reason = _FIXED.get(name, (None, ""))
    if only and _SWITCHES.get(given, only) != only:
        raise Refused(f"{name} is not supported by this stand-in yet: {reason}")
    if DEFAULTS[name] in ("on", "off") and given not in _SWITCHES and given != "DEFAULT":
        raise Refused(f'parameter "{name}" requires a Boolean value', sqlstate=INVALID_PARAMETER)
