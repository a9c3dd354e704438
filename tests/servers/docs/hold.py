"""Holds configurations to the schema for editors, and that to the rules of schemas.

hold.py SCHEMA < CONFIGURATIONS: a JSON list of {"name", "text"}, each text in TOML. Prints a JSON object
of the names of those that do not fit, each with why.
"""

import json
import sys
import tomllib

from jsonschema import Draft7Validator

with open(sys.argv[1]) as file:
    schema = json.load(file)
Draft7Validator.check_schema(schema)
validator = Draft7Validator(schema)
faults = {}
for configuration in json.load(sys.stdin):
    document = tomllib.loads(configuration["text"])
    for error in validator.iter_errors(document):
        faults[configuration["name"]] = f"{error.json_path}: {error.message[:300]}"
json.dump(faults, sys.stdout)
