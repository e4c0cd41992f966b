#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""The schema for editors agrees with `tidegate check`, as far as a schema can see."""
import json
import os
import re
import sys

import jsonschema
import yaml

from documents import ROOT, Tests, Workshop, all_blocks, complete, read
from parser_keys import known_choices, known_keys

SCHEMA = json.loads(read("schema/tidegate.schema.json"))
CORPUS = "tests/fuzz/corpus/config"
EDGE = re.compile(r"^[-+]?[0-9]+$"), re.compile(r"^(true|false)$")


class Loader(yaml.BaseLoader):
    """As editors read YAML 1.2: of plain text only numbers and true and false are no strings; keys are."""


Loader.add_implicit_resolver("tag:yaml.org,2002:int", EDGE[0], list("-+0123456789"))
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", EDGE[1], list("tf"))
Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("^(~|null|)$"), ["~", "n", ""])
Loader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(node.value))
Loader.add_constructor("tag:yaml.org,2002:bool", lambda loader, node: node.value == "true")
Loader.add_constructor("tag:yaml.org,2002:null", lambda loader, node: None)


def text_keys(value):
    if isinstance(value, dict):
        return {str(key): text_keys(item) for key, item in value.items()}
    return [text_keys(item) for item in value] if isinstance(value, list) else value


def complaint(text):
    """What the schema has against the text; empty when it has nothing."""
    validator = jsonschema.Draft7Validator(SCHEMA)
    error = jsonschema.exceptions.best_match(validator.iter_errors(text_keys(yaml.load(text, Loader))))
    return "" if error is None else f"{list(error.absolute_path)}: {error.message[:300]}"


def check_examples(tests, workshop):
    """What `check` takes, the schema takes. Not the other way round: see the cases below."""
    for block in all_blocks():
        if block.kind.startswith("text "):
            workshop.write(block.kind[5:], block.text)
        if not block.kind.startswith("yaml"):
            continue
        text = complete(block.text) if "fragment" in block.kind else block.text
        if workshop.check(text)[0] == 0:
            tests.check(f"{block}: fits the schema", not complaint(text), complaint(text))
    names = [name for name in sorted(os.listdir(f"{ROOT}/{CORPUS}")) if name.startswith("good-")]
    tests.check("good files of the fuzzer were found", names)
    for name in names:
        text = read(f"{CORPUS}/{name}").lstrip("\ufeff")
        tests.check(f"{name}: fits the schema", not complaint(text), complaint(text))


def check_cases(tests, workshop):
    cases = yaml.load(read("tests/docs/schema_cases.yaml"), yaml.BaseLoader)
    for kind, valid, fits in ("valid", True, True), ("invalid", False, False), ("unseen", False, True):
        for text in cases[kind]:
            status, said = workshop.check(text)
            tests.check(f"{kind}: {text}", (status == 0) == valid, said)
            tests.check(f"{kind}: {text}", (complaint(text) == "") == fits, complaint(text) or "the schema takes it")


def resolved(node):
    while list(node) == ["$ref"] or "allOf" in node and "$ref" in node["allOf"][0]:
        reference = node.get("$ref") or node["allOf"][0]["$ref"]
        node = SCHEMA["definitions"][reference.split("/")[-1]]
    return node


def find(path):
    """The schema's node for a path such as limits[].match.tcp_flags."""
    node = SCHEMA
    for step in path.replace("[]", ".[]").split(".") if path else []:
        node = resolved(node)
        if step == "NAME":
            node = node["additionalProperties"]["anyOf"][0]
        else:
            node = node["items"] if step == "[]" else node["properties"][step]
    return resolved(node)


def words(node):
    """All that a value may be, where lists of such are possible too."""
    node = resolved(node)
    found = set(map(json.dumps, node.get("enum", []))) | ({'"true"', '"false"'} if node.get("type") == "boolean" else set())
    for part in node.get("anyOf", []) + ([node["items"]] if "items" in node else []):
        found |= words(part)
    return {word.strip('"') for word in found}


def properties(node):
    """Those of the mapping, be it one of several forms."""
    node = resolved(node)
    found = set(node.get("properties", {}))
    for part in node.get("anyOf", []):
        found |= properties(part)
    return found - ({"not"} if "protocol" not in found else set())


def described(node, path=""):
    """Yields the paths of properties that say nothing about themselves."""
    for key, item in node.get("properties", {}).items():
        if "description" not in item and "description" not in resolved(item) and key != "not":
            yield f"{path}.{key}"
    for key, item in node.items():
        for i, part in enumerate(item if isinstance(item, list) else [item]):
            if isinstance(part, dict) and key not in ("if", "then", "else", "not"):
                yield from described(part, f"{path}.{key}" + (f"[{i}]" if isinstance(item, list) else ""))


def main():
    tests = Tests()
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    with Workshop() as workshop:
        check_examples(tests, workshop)
        check_cases(tests, workshop)
        for path, keys in known_keys(workshop).items():
            tests.check(f"keys of {path or 'the file'}", properties(find(path)) == set(keys),
                        f"the schema has {sorted(properties(find(path)))}, the program {sorted(keys)}")
        for path, choices in known_choices(workshop).items():
            tests.check(f"values of {path}", words(find(path)) == set(choices),
                        f"the schema has {sorted(words(find(path)))}, the program {sorted(choices)}")
    tests.check("every property has a description", not list(described(SCHEMA)), str(list(described(SCHEMA))))
    return tests.finish()


if __name__ == "__main__":
    sys.exit(main())
