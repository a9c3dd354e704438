"""Holds a description in OpenAPI to its own rules, and answers to the description.

hold.py OPENAPI < ANSWERS: a JSON list of {"path", "status", "body"}, the path as the description writes
it. Prints what does not fit, and ends with 1 where anything does not.
"""

import json
import sys

from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import validate


def closed(schema):
    """The schema with nothing allowed that it does not name."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {
        key: {name: closed(part) for name, part in value.items()}
        if key in ("properties", "schemas")
        else closed(value)
        for key, value in schema.items()
    }
    if "properties" in schema:
        schema["unevaluatedProperties"] = False
    return schema


with open(sys.argv[1]) as file:
    description = json.load(file)
validate(description)
schemas = closed(description["components"]["schemas"])
faults = []
seen = set()
for answer in json.load(sys.stdin):
    path, status = answer["path"], str(answer["status"])
    responses = description["paths"][path]["get"]["responses"]
    if status not in responses:
        faults.append(f"{path} answers {status}, which is not described")
        continue
    seen.add((path, status))
    schema = responses[status]["content"]["application/json"]["schema"]
    schema = {**schema, "components": {"schemas": schemas}}
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    for error in validator.iter_errors(answer["body"]):
        faults.append(f"{path} {status} {error.json_path}: {error.message[:300]}")
described = {
    (path, status)
    for path, item in description["paths"].items()
    for status in item["get"]["responses"]
}
for path, status in sorted(described - seen):
    faults.append(f"{path} {status}: no answer was held to it")
print("\n".join(faults))
sys.exit(1 if faults else 0)
