"""
What Schemathesis cannot know of the API from its document, so that every check can stay on:
the document describes in words what JSON Schema cannot say, and this does what the words say.

Each change below turns a value that fits the schema into another one that fits it: a value that was made to
violate the schema stays a violation.
"""

import datetime
import gzip
import json
import re
import zlib

import brotli
import schemathesis
import zstandard

DAY = datetime.timedelta(days=1)
ATTRIBUTES_BYTES_MAX = 4096
ATTRIBUTES_LEVELS_MAX = 16
KNOWN_FIELDS = ("patientId", "medication", "timestamp", "id")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
ANOTHER_YEAR = 2016

timestamp_patterns = []


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Bodies that OpenAPI 3.1 has as text are made from the schema that their description names."""
    schemas = raw_schema["components"]["schemas"]
    forms = schemas["Usage"]["properties"]["timestamp"]["anyOf"]
    timestamp_patterns.extend(re.compile(form["pattern"]) for form in forms if "pattern" in form)
    content = raw_schema["paths"]["/api/usages"]["post"]["requestBody"]["content"]
    # Schemathesis would send a form, which the API never reads: its bodies are JSON, as those of text/plain are.
    del content["application/x-www-form-urlencoded"]
    for media_type, media in content.items():
        if "contentSchema" in media["schema"]:
            media["schema"] = media["schema"]["contentSchema"]
        elif media_type in ("application/x-ndjson", "application/jsonl"):
            media["schema"] = {"$ref": "#/components/schemas/Usages"}
        else:
            continue
        # Their examples are texts; they are sent by a test of their own.
        del media["examples"]


@schemathesis.hook
def before_call(context, case, kwargs):
    """Timestamps that no calendar has or that are out of range, and attributes over their bounds, become others."""
    if isinstance(case.body, list):
        case.body = [usage_within_bounds(item) for item in case.body]
    else:
        case.body = usage_within_bounds(case.body)


def usage_within_bounds(usage):
    if not isinstance(usage, dict):
        return usage
    changed = dict(usage)
    if "timestamp" in usage:
        changed["timestamp"] = timestamp_within_bounds(usage["timestamp"])
    attributes = {key: value for key, value in usage.items() if key not in KNOWN_FIELDS}
    # Numbers are written otherwise here than there: near the bound is over it.
    if levels(attributes) > ATTRIBUTES_LEVELS_MAX or len(json_text(attributes)) > ATTRIBUTES_BYTES_MAX * 3 // 4:
        changed = {key: value for key, value in changed.items() if key in KNOWN_FIELDS}
    return changed


def levels(value):
    if isinstance(value, dict):
        return 1 + max((levels(item) for item in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((levels(item) for item in value), default=0)
    return 0


def timestamp_within_bounds(timestamp):
    now = datetime.datetime.now(datetime.timezone.utc)
    if isinstance(timestamp, (int, float)) and not isinstance(timestamp, bool):
        return 1478009511000 if timestamp > now.timestamp() * 1000 else timestamp
    if not isinstance(timestamp, str) or not any(form.search(timestamp) for form in timestamp_patterns):
        return timestamp
    if timestamp[3] == " ":
        _, month, day, year = timestamp[:15].split(" ")
        date = existing_date(year, MONTHS.index(month) + 1, day, now)
        return f"{WEEKDAYS[date.weekday()]} {month} {date.day:02} {date.year}{timestamp[15:]}"
    if timestamp[3] == ",":
        _, day, month, year = timestamp[:16].split(" ")
        date = existing_date(year, MONTHS.index(month) + 1, day, now)
        return f"{WEEKDAYS[date.weekday()]}, {date.day:02} {month} {date.year}{timestamp[16:]}"
    date = existing_date(timestamp[:4], int(timestamp[5:7]), timestamp[8:10], now)
    leap_second = timestamp[16:19] == ":60"
    return f"{date}{timestamp[10:16]}{':59' if leap_second else timestamp[16:19]}{timestamp[19:]}"


def existing_date(year, month, day, now):
    """The date, in another year where that is out of range, on the month's first day where the month has no such day."""
    in_range = 2000 < int(year) < now.year
    first = datetime.date(int(year) if in_range else ANOTHER_YEAR, month, 1)
    date = first + DAY * (int(day) - 1)
    return date if date.month == month else first


ENCODERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


def encoded(context, data):
    """The body in the coding that the case says, so that it is valid where the case is."""
    coding = (context.case.headers or {}).get("Content-Encoding")
    return ENCODERS[coding](data) if coding in ENCODERS else data


def json_text(value):
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


@schemathesis.serializer("application/json", "text/plain")
def serialize_json(context, value):
    return encoded(context, value if isinstance(value, bytes) else json_text(value))


@schemathesis.serializer("application/x-ndjson", "application/jsonl")
def serialize_ndjson(context, value):
    if isinstance(value, bytes):
        return encoded(context, value)
    lines = value if isinstance(value, list) else [value]
    return encoded(context, b"".join(json_text(line) + b"\n" for line in lines))
