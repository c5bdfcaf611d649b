"""Reads a topic by docs/log-format.md alone, with kcat and the standard library: prints one JSON object a row.

usage: read_kafka_log.py BROKERS TOPIC
"""

import json
import subprocess
import sys
import zlib

brokers, topic = sys.argv[1:]
# Sizes first, so that the value's own line feeds are no riddle: partition, offset, headers, size, value.
output = subprocess.run(
    ["kcat", "-C", "-q", "-e", "-b", brokers, "-t", topic, "-o", "beginning", "-f", "%p %o %S\n%h\n%s"],
    check=True,
    stdout=subprocess.PIPE,
).stdout


def unescape(value):
    return None if value == "\\N" else value.replace("\\\\", "\\")


at = 0
while at < len(output):
    end = output.index(b"\n", at)
    partition, offset, size = map(int, output[at:end].split())
    # kcat separates headers by commas, which stand in values too: a name begins after a comma and ends at "=".
    end_of_headers = output.index(b"\n", end + 1)
    headers, name = {}, None
    for part in output[end + 1 : end_of_headers].decode("ascii").split(","):
        if "=" in part:
            name, value = part.split("=", 1)
            assert name not in headers, f"{name} stands twice"
            headers[name] = value
        else:
            headers[name] += "," + part
    at = end_of_headers + 1 + size
    value = output[end_of_headers + 1 : at]

    assert headers["usage-ingest"] == "1", headers
    line = "usage-ingest/1\t" + "\t".join(headers[h] for h in ("columns", "count", "months", "received-at-ms")) + "\n"
    crc = zlib.crc32(value, zlib.crc32(line.encode("ascii")))
    assert headers["crc32"] == f"{crc:08x}", (headers, crc)
    assert value.endswith(b"\n")
    rows = value[:-1].decode("utf-8").split("\n")
    assert len(rows) == int(headers["count"])
    columns = headers["columns"].split(",")
    months = set()
    for row in rows:
        usage = dict(zip(columns, map(unescape, row.split("\t")), strict=True))
        year, month = usage["used_at"].split("-")[:2]
        months.add(int(year) * 12 + int(month) - 1)
        print(json.dumps(usage))
    assert headers["months"] == ",".join(map(str, sorted(months))), (headers, months)
