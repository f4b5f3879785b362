"""Small samples of what makes files hard to read, each with what a schema for it must have."""

from __future__ import annotations

import codecs
import gzip
import io
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from tests.support.columnar_files import columnar

Expected = str | Mapping[str, Any]
"""A part of the reason why no schema is solved; or column types, each with a part of its comment if there must be one.

`format` are keys that the format must have, `notes` is a part of the comments on the format.
"""


def lines(*rows: str) -> str:
    return "".join(f"{row}\n" for row in rows)


def _wide(columns: int) -> list[str]:
    return [",".join(f"{each}{number}" for number in range(columns)) for each in ("c", "1")]


NUMBERS: dict[str, tuple[str, Expected]] = {
    "apostrophes.csv": (lines("id,v", "1,1'234.50", "2,5.00"), {"v": ("varchar", "1'234.50")}),
    "blanks.csv": (lines("id;v", "1;1 234,50", "2;5,00"), {"v": ("varchar", "1 234,50")}),
    "no_break_blanks.csv": (lines("id;v", "1;1\u00a0234", "2;5"), {"v": ("varchar", "written like")}),
    "commas.csv": (lines("id,v", '1,"1,234"', "2,5"), {"v": ("varchar", "separators")}),
    "lakhs.csv": (lines("id,v", '1,"12,34,567.00"', "2,5.00"), {"v": ("varchar", "written like")}),
    "dots_alone.csv": (lines("id;v", "1;1.234", "2;5.678"), {"v": ("decimal(8,5)", "a guess")}),
    "two_notations.csv": (lines("id;v;w", "1;1.234,50;1'234.50", "2;2,5;5.5"), {"v": ("varchar", "separators")}),
    "currencies.csv": (lines("id,v,w", "1,$1.50,1.50 EUR", "2,-$3.00,2 EUR"), {"v": ("varchar", "$"), "w": "varchar"}),
    "percents.csv": (lines("id,v", "1,12.5%", "2,3%"), {"v": ("varchar", "%")}),
    "parentheses.csv": (lines("id,v", "1,(12.50)", "2,3.00"), {"v": ("varchar", "(12.50)")}),
    "trailing_minus.csv": (lines("id,v", "1,12.50-", "2,3.00"), {"v": ("varchar", "12.50-")}),
    "long_minus.csv": (lines("id,v", "1,\u221212.50", "2,3.00"), {"v": ("varchar", "\u221212.50")}),
    "other_digits.csv": (lines("id,v", "1,\u0661\u0662", "2,\u0663"), {"v": "varchar"}),
    "leading_zeros.csv": (lines("zip,v", "00501,1", "90210,2"), {"zip": ("varchar", "zeros")}),
    "phones.csv": (lines("tel,v", "+49 151 1234567,1", "+1 650 5551234,2"), {"tel": "varchar"}),
    "exponents.csv": (lines("a,v", "1e-5,1", "2.5E+10,2"), {"a": "double precision"}),
    "exponent_ids.csv": (lines("a,v", "12E3,1", "500E7,2"), {"a": ("varchar", "codes")}),
    "too_small.csv": (lines("a,v", "1e-400,1", "2.5E+10,2"), {"a": "varchar"}),
    "hexadecimal.csv": (lines("a,v", "0x1F,1", "0xFF,2"), {"a": "varchar"}),
    "excel_codes.csv": (lines("id,ean", "1,4.00638E+12", "2,4.00639E+12"), {"ean": ("double precision", "Excel")}),
    "signs.csv": (lines("id,v", "1,+5", "2,-3", "3,+0"), {"v": "smallint"}),
    "versions.csv": (lines("v,x", "1.10,1", "1.9,2", "1.10.2,3"), {"v": "varchar"}),
    "credits.csv": (lines("d,amount", "2024-01-01,100.00CR", "2024-01-02,50.00DR"), {"amount": "varchar"}),
    "underscores.csv": (lines("a,v", "1_000,1", "2_000,2"), {"a": "varchar"}),
    "digits_38.csv": (lines("a,v", f"{'9' * 38},1", "1,2"), {"a": "decimal(38,0)"}),
    "digits_39.csv": (lines("a,v", f"{'9' * 39},1", "1,2"), {"a": ("varchar", "38 digits")}),
    "negative_zero.csv": (lines("a,v", "-0,1", "-0.0,2"), {"a": "decimal(6,4)"}),
    "infinity.csv": (lines("a,v", "inf,1", "2.5,2"), {"a": "double precision"}),
    "late_text.csv": (lines("a", *map(str, range(3000)), "x"), {"a": ("varchar", "not numbers")}),
    "total.csv": (lines("id,v", "1,2", "2,3", "Total,5"), {"id": ("varchar", "'Total'")}),
    "units.csv": (lines("id,w", "1,kg", "2,2.5", "3,4.5"), {"w": ("varchar", "'kg'")}),
}

MOMENTS: dict[str, tuple[str, Expected]] = {
    "day_first.csv": (lines("id,d", "1,01/02/2024", "2,13/02/2024"), {"format": {"dateformat": "DD/MM/YYYY"}}),
    "month_first.csv": (lines("id,d", "1,01/02/2024", "2,02/13/2024"), {"format": {"dateformat": "MM/DD/YYYY"}}),
    "either_first.csv": (lines("id,d", "1,01/02/2024", "2,03/04/2024"), {"d": "date", "notes": "swapped"}),
    "other_column.csv": (lines("id,d,e", "1,01/02/2024,13/02/2024"), {"format": {"dateformat": "DD/MM/YYYY"}}),
    "both_first.csv": (lines("id,d,e", "1,13/02/2024,02/13/2024"), {"d": "date", "e": ("varchar", "MM/DD/YYYY")}),
    "two_digit_years.csv": (lines("id,d", "1,01/02/24", "2,13/02/24"), {"d": "date", "notes": "century"}),
    "weeks.csv": (lines("id,d", "1,2024-W05", "2,2024-W06-1"), {"d": "varchar"}),
    "quarters.csv": (lines("id,d", "1,2024Q1", "2,2024Q2"), {"d": "varchar"}),
    "compact.csv": (lines("id,date", "1,20240131", "2,20240229"), {"date": "date"}),
    "compact_not_dates.csv": (lines("id,date", "1,20240131", "2,20240230"), {"date": "integer"}),
    "offsets.csv": (
        lines("id,at", "1,2024-01-31T10:15:00+01:00", "2,2024-01-31 10:15 -0530"),
        {"at": "timestamptz"},
    ),
    "some_offsets.csv": (lines("id,at", "1,2024-01-31 10:15:00", "2,2024-07-31 10:15:00Z"), {"at": "timestamptz"}),
    "zone_names.csv": (lines("id,at", "1,2024-01-31 10:15:00 CET"), {"at": "varchar"}),
    "month_names.csv": (lines("id,d", "1,31-Jan-2024", "2,01-Mar-2024"), {"d": "date"}),
    "german_months.csv": (lines("id,d", "1,31-Mai-2024", "2,01-Okt-2024"), {"d": "varchar"}),
    "zero_date.csv": (lines("id,d", "1,0000-00-00", "2,2024-01-01"), {"d": "varchar"}),
    "far_dates.csv": (lines("id,d", "1,9999-12-31", "2,0001-01-01"), {"d": "date"}),
    "two_time_formats.csv": (
        lines("id,a,b", "1,31.01.2024 10:15,2024-01-31 10:15:00"),
        {"a": ("varchar", "one time format"), "b": "timestamp"},
    ),
    "hour_24.csv": (lines("id,t", "1,24:00:00", "2,25:10:00"), {"t": "varchar"}),
    "sas_times.csv": (lines("id,d,at", "1,31JAN2024,31JAN2024:10:15:00"), {"d": "varchar", "at": "varchar"}),
    "oracle_times.csv": (
        lines("id,d,at", '1,31-JAN-24,"31-JAN-24 10.15.00.000000000 AM"', '2,01-FEB-24,"01-FEB-24 11.00.00.5 PM"'),
        {"d": "date", "at": "varchar", "notes": "century"},
    ),
    "without_signs.csv": (lines("id,at", "1,20240131T101500Z", "2,20240201T101500Z"), {"at": "varchar"}),
    "named_zones.csv": (lines("id,at", "1,2024-01-31T10:15:00+01:00[Europe/Paris]"), {"at": "varchar"}),
    "mail_dates.csv": (lines("id,at", '1,"Wed, 31 Jan 2024 10:15:00 +0100"'), {"at": "varchar"}),
    "days_of_year.csv": (lines("id,d", "1,2024-031", "2,2024-032"), {"d": "varchar"}),
    "noon.csv": (lines("id,at", "1,1/31/2024 12:15 PM", "2,2/13/2024 12:00 AM"), {"at": "timestamp"}),
    "leap_second.csv": (lines("id,at", "1,2016-12-31T23:59:60Z"), {"at": "varchar"}),
}

WORDS: dict[str, tuple[str, Expected]] = {
    "ja_nein.csv": (lines("id,b", "1,ja", "2,nein"), {"b": "varchar"}),
    "y_n.csv": (lines("id,b", "1,y", "2,n"), {"b": ("boolean", "y/n")}),
    "two_booleans.csv": (lines("id,b", "1,yes", "2,true", "3,no"), {"b": "varchar"}),
    "a_marker_each.csv": (lines("id,a,b", "1,NA,5", "2,3,-", "3,4,6"), {"b": "varchar"}),
    "quoted_marker.csv": (lines("id,a", "1,NULL", '2,"NULL"', "3,5"), {"a": "smallint", "notes": "NULL means NULL"}),
    "bare_quotes.csv": (lines("id,a", '1,5" disk', '2,3" disk'), {"format": {"type": "delimited"}}),
    "line_in_value.csv": ('id,a\n1,"two\nlines"\n2,"x"\n', {"a": "varchar"}),
    "cr_in_value.csv": ('id,a\n1,"two\rlines"\n2,"x"\n', {"a": "varchar"}),
    "backslashes.csv": (lines("id,a", "1,C:\\temp", "2,a\\nb"), {"a": "varchar"}),
    "sas_missing.csv": (lines("id,v,w", "1,.,.A", "2,1.5,.", "3,2.5,3"), {"v": "decimal", "w": ("varchar", ".")}),
    "excel_errors.csv": (lines("id,v", "1,#N/A", "2,#DIV/0!", "3,2.5"), {"v": ("varchar", "#N/A")}),
    "excel_texts.csv": (lines("id,zip", '1,="00501"', '2,="90210"'), {"zip": "varchar"}),
    "other_line_ends.csv": ("id,a\n1,x\x0by\n2,x\x0cy\n3,x\u2028y\n4,x\x85y\n5,x\x1cy\n", {"id": "integer"}),
    "mysql.csv": (
        lines('1,"x",\\N,"0000-00-00"', '2,"a\\"b",5,"2024-01-01"', '3,"c",\\N,"2024-01-01"'),
        {"column_3": "smallint", "column_4": "varchar", "format": {"type": "delimited", "escape": True}},
    ),
    "postgres.tsv": (lines("id\tf\ta", "1\tt\t{1,2}", "2\tf\t\\N"), {"f": "boolean", "a": "varchar"}),
    "apostrophes_in_words.csv": (lines("id,a", "1,'twas", "2,o'clock"), {"a": "varchar"}),
    "blank_before_quote.csv": (lines("id, a, b", '1, "x, y", 3', '2, "z", 4'), {"b": "smallint"}),
    "json_in_csv.csv": (lines("id,a", '1,"{""k"": [1, 2]}"', '2,"{}"'), {"a": "varchar"}),
}

LAYOUTS: dict[str, tuple[str, Expected]] = {
    "preamble.csv": ("Report 2024\nby X\n\nid,a\n1,x\n2,y\n3,z\n", {"id": "integer"}),
    "wide_preamble.csv": ("Report,,\nDate,2024-01-01,\nid,a,b\n1,x,2.5\n2,y,3.5\n", {"b": "decimal"}),
    "remarks_first.csv": ("# by X\n# 2024\nid,a\n1,x\n2,y\n", {"format": {"header_lines": 3}}),
    "remarks_between.csv": ("id,a\n1,x\n# remark\n2,y\n", "1 field, but 2 columns"),
    "footer.csv": (lines("id,a,b", "1,x,2", "2,y,3", "3 rows"), {"id": ("varchar", "'3 rows'")}),
    "row_names.csv": (lines('"a","b"', '"1",5,6', '"2",7,8'), "2 fields, but 3 columns"),
    "same_names.csv": (lines("id,a,a,A", "1,2,3,4"), {"a_2": "smallint", "a_3": "smallint"}),
    "no_names.csv": (lines("id,,b,", "1,2,3,4"), {"column_2": "smallint", "column_4": "smallint"}),
    "reserved.csv": (lines("select,table,_loaded_at", "1,2,3"), {"select": "smallint", "_loaded_at_2": "smallint"}),
    "long_names.csv": (lines(f"id,{'x' * 200},{'x' * 199}y", "1,2,3"), {f"{'x' * 56}_2": "smallint"}),
    "header_alone.csv": ("id,a,b\n", {"id": ("varchar(256)", "a guess")}),
    "separator_line.csv": ("sep=;\nid;a\n1;x,y\n", {"format": {"header_lines": 2, "delimiter": ";"}}),
    "two_signs.csv": ("id||a||b\n1||x||2\n2||y||3\n", {"format": {"delimiter": "||"}}),
    "one_column.csv": (lines("name", "x", "y", "z"), {"name": "varchar"}),
    "one_row.csv": (lines("id,a", "1,x"), {"id": "integer"}),
    "blank_lines.csv": ("\n\nid,a\n\n1,x\n\n2,y\n\n", {"format": {"ignoreblanklines": True}}),
    "mixed_line_ends.csv": ("id,a\r\n1,x\n2,y\r\n", {"a": "varchar"}),
    "ctrl_z.csv": ("id,a\r\n1,x\r\n2,y\r\n\x1a", {"id": "integer", "format": {"trailer_lines": 1}}),
    "record_separators.txt": ("id\x1fa\x1e1\x1fx\x1e2\x1fy\x1e", "control character"),
    "dump.sql": ("-- MySQL dump\nINSERT INTO t VALUES (1,'x');\nINSERT INTO t VALUES (2,'y');\n", "SQL statements"),
    "world_bank.csv": (
        lines('"Source","WDI",', "", '"Date","2024-01-01",', "", '"Country","2022","2023",', '"Aruba","1.5","",'),
        {"country": "varchar", "column_2022": "decimal", "format": {"header_lines": 5}},
    ),
    "statement.csv": (
        lines('"Konto";"DE12";', '"Saldo";"1.234,56";"EUR"', "", "Tag;Wert;Art", "31.12.2024;-1.234,56;EUR"),
        {"tag": "date", "wert": ("varchar", "separators"), "format": {"header_lines": 4}},
    ),
    "no_last_line_end.csv": ("id,a\n1,x\n2,y", {"a": "varchar"}),
    "cr_cr_lf.csv": ("id,a\r\r\n1,x\r\r\n", "CR CR LF"),
    "columns_1599.csv": (lines(*_wide(1599)), {"c1598": "smallint"}),
    "columns_1601.csv": (lines(*_wide(1601)), "1,601 columns"),
    "long_text.csv": (lines("id,a", f"1,{'x' * 70000}"), "70,000 bytes"),
    "web_page.csv": ("<!DOCTYPE html>\n<html><body>Error 503</body></html>\n", "a web page"),
    "blanks_alone.csv": ("\n \n\n", "no rows"),
}

JSON: dict[str, tuple[str, Expected]] = {
    "nested.json": ('{"id":1,"a":{"b":[1]},"t":["x"]}\n{"id":2}\n', {"a": "super", "t": "super"}),
    "long_list.json": (f'{{"a":[{",".join(["1"] * 40000)}]}}\n', {"a": "super"}),
    "mixed.json": ('{"id":1,"a":1}\n{"id":2,"a":"x"}\n{"id":3,"a":true}\n', {"a": "varchar"}),
    "notations.json": ('{"id":1,"a":1.50}\n{"id":2,"a":"x"}\n', {"a": ("varchar", "another form")}),
    "not_a_number.json": ('{"id":1,"a":NaN}\n{"id":2,"a":1.5}\n', "invalid JSON"),
    "long_number.json": ('{"id":12345678901234567890123}\n{"id":2}\n', "COPY may change the number"),
    "long_decimal.json": ('{"a":1.123456789012345678901}\n{"a":2}\n', "COPY may change the number"),
    "huge_number.json": ('{"a":1e400}\n{"a":2}\n', "COPY may change the number"),
    "same_key.json": ('{"id":1,"id":2}\n{"id":3}\n', {"id": "integer"}),
    "other_case.json": ('{"ID":1,"Name":"x"}\n', {"format": {"ignorecase": True}}),
    "odd_keys.json": ('{"first name":"x","a.b":1}\n', {"first_name": "varchar", "a_b": "smallint"}),
    "array.json": ('[{"id":1},{"id":2}]', {"format": {"layout": "array"}}),
    "empty_array.json": ("[]", "no JSON object"),
    "extended.json": ('{"_id":{"$oid":"6"},"n":{"$numberLong":"12345678901234567890"}}\n', {"_id": "super"}),
    "trailing_comma.json": ('[{"id":1},{"id":2},]', "not a readable JSON array"),
    "remark.json": ('// made by x\n{"id":1}\n', "invalid JSON"),
    "apostrophes.json": ("{'id': 1, 'a': None}\n", "invalid JSON"),
    "rows.json": ('[["id","v"],[1,"x"]]', "expected a JSON object"),
    "pretty.json": ('{\n  "id": 1\n}\n{\n  "id": 2\n}\n', {"id": "integer"}),
    "half_character.json": ('{"a":"\\ud83d"}\n', "half a character"),
    "nul.json": ('{"a":"x\\u0000y"}\n', "NUL"),
    "broken.json": ('{"id":1}\n{"id":\n{"id":3}\n', "invalid JSON"),
}

CITIES = lines("id,city", "1,Zürich", "2,Málaga", "3,café")
ENCODED: dict[str, tuple[bytes, Expected]] = {
    "mark.csv": (codecs.BOM_UTF8 + CITIES.encode(), {"id": "integer"}),
    "mark_no_header.csv": (codecs.BOM_UTF8 + b"1,5\n2,6\n3,7\n", {"format": {"encoding": "utf-8-sig"}}),
    "utf16.csv": (CITIES.encode("utf-16"), {"format": {"encoding": "utf16"}}),
    "utf16_be.csv": (codecs.BOM_UTF16_BE + CITIES.encode("utf-16-be"), {"format": {"encoding": "utf16"}}),
    "utf16_no_mark.csv": (lines("id,a", "1,abc").encode("utf-16-le"), {"format": {"encoding": "utf16le"}}),
    "utf16.json": ('{"id":1,"a":"é"}\n'.encode("utf-16"), {"format": {"encoding": "utf16"}}),
    "utf32.csv": (CITIES.encode("utf-32"), "UTF-32"),
    "cp1252.csv": (CITIES.encode("cp1252"), {"format": {"encoding": "cp1252"}, "notes": "'Zürich'"}),
    "mac.csv": (CITIES.encode("mac_roman"), {"format": {"encoding": "mac_roman"}, "notes": "'Zürich'"}),
    "cyrillic.csv": (lines("id,city", "1,Москва", "2,Пермь").encode("cp1251"), {"format": {"encoding": "cp1251"}}),
    **{
        f"{codec}.csv": (
            lines("id,city", *(f"{number},{city}" for number, city in enumerate(cities.split()))).encode(codec),
            {"format": {"encoding": codec}, "notes": cities.split()[0]},
        )
        for codec, cities in {
            "cp1250": "Łódź Gdańsk Příbram Žilina",
            "cp1253": "Αθήνα Θεσσαλονίκη Πάτρα",
            "cp1254": "Şehir Beşiktaş Erdoğan",
            "cp932": "東京 カタカナ 大阪 千葉",
            "cp949": "서울 부산 대구",
            "cp950": "台北 高雄 臺中",
            "euc_jp": "東京の駅 カタカナ ひらがな",
            "gb18030": "北京 上海 广州",
            "iso8859-15": "5€ cœur",
        }.items()
    },
    "two_encodings.csv": (CITIES.encode() + "4,Genève\n".encode("cp1252"), "not valid UTF-8"),
    "nul.csv": (b"id,a\n1,x\x00y\n2,z\n", "NUL"),
    "packed_twice.csv.gz": (gzip.compress(gzip.compress(CITIES.encode())), "NUL"),
    "cut.csv.gz": (gzip.compress(CITIES.encode() * 100)[:60], "not a readable gzip file"),
    "no_members.zip": (b"PK\x05\x06" + bytes(18), "0 files"),
    "empty.csv": (b"", "empty"),
}

DAY = datetime(2024, 1, 31)  # noqa: DTZ001 - without a zone
COLUMNAR: dict[str, tuple[Mapping[str, Any], Expected]] = {
    "dictionary": ({"a": pa.array(["x", "y", "x"]).dictionary_encode()}, {"a": "varchar"}),
    "unsigned": ({"a": pa.array([1], pa.uint8()), "b": pa.array([1], pa.uint16())}, {"a": "smallint", "b": "integer"}),
    "unsigned_32": ({"a": pa.array([1], pa.uint32())}, "a signed type"),
    "wide_decimal": ({"a": pa.array([Decimal("1.5")], pa.decimal256(50, 2))}, "decimal256(50, 2)"),
    "narrow_decimal": ({"a": pa.array([Decimal("1.5")], pa.decimal256(20, 2))}, {"a": "decimal(20,2)"}),
    "times": ({"a": pa.array([time(1, 2, 3)], pa.time32("ms"))}, {"a": "time"}),
    "durations": ({"a": pa.array([1], pa.duration("us"))}, {"a": "bigint"}),
    "nested": ({"a": pa.array([[1], None]), "b": pa.array([{"x": [{"y": 1}]}, None])}, {"a": "super", "b": "super"}),
    "no_rows": ({"a": pa.array([], pa.int64())}, {"a": "bigint"}),
    "no_values": ({"a": pa.array([None, None]), "b": pa.array([1, 2])}, {"a": "varchar(256)"}),
    "bytes": ({"a": pa.array([b"\xff\x00"])}, "not UTF-8"),
    "text_with_nul": ({"a": pa.array(["x\0y"])}, "NUL"),
    "text_view": ({"a": pa.array(["x"], pa.string_view())}, {"a": "varchar"}),
    "long_text": ({"a": pa.array(["x" * 70000])}, "70,000 bytes"),
    "zone": ({"a": pa.array([DAY], pa.timestamp("us", "Europe/Berlin"))}, {"a": "timestamptz"}),
    "far": ({"a": pa.array([date(9999, 12, 31)])}, {"a": "date"}),
    "odd_names": ({"Größe (cm)": pa.array([1]), "select": pa.array([1])}, {"grosse_cm": "bigint", "select": "bigint"}),
    "floats": ({"a": pa.array([float("nan"), float("inf"), 1.5])}, {"a": "double precision"}),
}


def _zip_codes(sheet: Any) -> None:
    sheet.cell(2, 1).number_format = sheet.cell(3, 1).number_format = "00000"


def _title(sheet: Any) -> None:
    sheet.insert_rows(1)
    sheet["A1"] = "Report"
    sheet.merge_cells("A1:B1")


def _hide(sheet: Any) -> None:
    sheet.sheet_state = "hidden"
    data = sheet.parent.create_sheet("Data")
    data.append(["id", "v"])
    data.append([1, "x"])


def _mac(sheet: Any) -> None:
    sheet.parent.epoch = CALENDAR_MAC_1904


def _error(sheet: Any) -> None:
    sheet["B3"].value, sheet["B3"].data_type = "#DIV/0!", "e"


SHEETS: dict[str, tuple[list[list[Any]], Callable[[Any], None], Expected]] = {
    "formula": ([["id", "v"], [1, "=1+1"]], lambda _: None, "saved without its value"),
    "zip_codes": ([["zip", "v"], [501, 1], [90210, 2]], _zip_codes, {"zip": ("varchar", "zeros")}),
    "title": ([["id", "v"], [1, 2], [3, 4]], _title, {"id": "integer", "v": "smallint"}),
    "hidden": ([["secret"], [1]], _hide, {"v": "varchar", "format": {"sheet": "Data"}}),
    "mac_dates": ([["id", "d"], [1, DAY], [2, DAY]], _mac, {"d": "date"}),
    "error": ([["id", "v"], [1, 2.5], [2, None]], _error, {"v": "varchar"}),
    "short_header": ([["id", "a"], [1, 2, "x"], [2, 3, "y"]], lambda _: None, "missing: (blank)"),
    "gap": ([["id", "v"], [1, "x"], [], [2, "y"]], lambda _: None, {"v": "varchar"}),
    "line_in_header": ([["id", "v\nw"], [1, "a\nb"]], lambda _: None, {"v_w": "varchar"}),
    "long_codes": (
        [["id", "v"], [4111111111111111, 1], [5500000000000004, 2]],
        lambda _: None,
        {"id": ("bigint", "cut")},
    ),
    "shares": ([["id", "v"], [1, 0.125], [2, 0.5]], lambda _: None, {"v": "decimal"}),
    "hours": ([["id", "t"], [1, timedelta(hours=36)], [2, timedelta(minutes=5)]], lambda _: None, {"t": "varchar"}),
    "two_headers": ([["2023", None], ["Q1", "Q2"], [1, 2], [3, 4]], lambda _: None, {"q1": "smallint"}),
    "texts_of_digits": ([["id", "v"], [1, "007"], [2, "12"]], lambda _: None, {"v": ("varchar", "zeros")}),
}

EXPECTED: dict[str, Expected] = {
    **{name: case[1] for group in (NUMBERS, MOMENTS, WORDS, LAYOUTS, JSON) for name, case in group.items()},
    **{name: case[1] for name, case in ENCODED.items()},
    **{f"{name}.parquet": case[1] for name, case in COLUMNAR.items()},
    **{f"{name}.xlsx": case[2] for name, case in SHEETS.items()},
}


def write(name: str, folder: Path) -> Path:
    """Write a sample by its name and return its path."""
    path = folder / name
    path.write_bytes(_content(name))
    return path


def _content(name: str) -> bytes:
    if name in ENCODED:
        return ENCODED[name][0]
    stem = name.rpartition(".")[0]
    if name.endswith(".parquet"):
        return columnar("parquet", COLUMNAR[stem][0])
    if name.endswith(".xlsx"):
        rows, change, _ = SHEETS[stem]
        book, file = openpyxl.Workbook(), io.BytesIO()
        for row in rows:
            book.worksheets[0].append(row)
        change(book.worksheets[0])
        book.save(file)
        return file.getvalue()
    return {**NUMBERS, **MOMENTS, **WORDS, **LAYOUTS, **JSON}[name][0].encode()
