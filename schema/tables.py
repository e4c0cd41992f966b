#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""schema/tables.py [--check]: writes the tables of keys in docs/configuration.md and tidegate.yaml(5).

The schema has each key's type, default and sentence; a table stands between two marks, of which the
first names the mapping: <!-- keys of limits[].match --> ... <!-- end of keys -->, in the manual page
.\\" keys of limits[].match. With --check nothing is written, and the exit status is 1 if a table differs.
"""
import json
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MARKDOWN, MANUAL = "docs/configuration.md", "man/tidegate.yaml.5"
# Before the keys, after "keys of", and behind the keys.
MARKS = {MARKDOWN: (r"<!-- keys of (\S*?) ?-->\n", "<!-- end of keys -->\n"),
         MANUAL: (r'\.\\" keys of (\S*?)\n', '.\\" end of keys\n')}
THE_FILE = "the-file"  # how the outermost mapping is named in a mark


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


class Schema:
    def __init__(self):
        self.root = json.loads(read("schema/tidegate.schema.json"))

    def resolved(self, node):
        """The node, with what it refers to; what it says itself goes first."""
        reference = node.get("$ref") or next((part["$ref"] for part in node.get("allOf", []) if "$ref" in part), None)
        if not reference:
            return node
        found = self.resolved(self.root["definitions"][reference.split("/")[-1]])
        return {**found, **{key: value for key, value in node.items() if key not in ("$ref", "allOf")}}

    def mapping(self, node):
        """The node's form that is a mapping with keys of its own, not a negation."""
        node = self.resolved(node)
        if set(node.get("properties", {})) - {"not"}:
            return node
        for part in node.get("anyOf", []):
            found = self.mapping(part)
            if found:
                return found
        return None

    def find(self, path):
        """The mapping at a path such as limits[].match.tcp_flags."""
        node = self.root
        for step in re.findall(r"\w+|\[\]", path):
            node = self.resolved(node)
            if step == "NAME":
                node = node["additionalProperties"]["anyOf"][1]
            elif step == "[]":
                node = node.get("items", node)
            else:
                node = self.mapping(node)["properties"][step]
        return self.mapping(node)

    def kind(self, node):
        """What a value may be, in words."""
        if "title" in node:
            return node["title"]
        if "enum" in node:
            return ", ".join(f"`{value}`" for value in node["enum"])
        if "type" not in node:
            return self.kind(self.resolved(node["anyOf"][0]))
        if node["type"] == "integer":
            return f"number, {node['minimum']} to {node['maximum']}"
        return {"boolean": "`true` or `false`", "object": "mapping"}[node["type"]]

    def rows(self, path):
        """(key, kind, default, sentence) for each key of the mapping."""
        mapping = self.find("" if path == THE_FILE else path)
        for key, node in mapping["properties"].items():
            node = self.resolved(node)
            default = "required" if key in mapping.get("required", []) else ""
            if "default" in node:
                default = "`" + re.sub('"', "", json.dumps(node["default"])) + "`"
            yield key, self.kind(node), default, node["description"]


def anchors():
    """{path of a key: the anchor of its heading}"""
    found = {}
    for heading in re.findall(r"^#+ (`.*)$", read(MARKDOWN), re.M):
        anchor = re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-")
        found.update((path, anchor) for path in re.findall(r"`([^`]+)`", heading))
    return found


def markdown(schema, path):
    links, lines = anchors(), ["", "| key | value | default | meaning |", "|---|---|---|---|"]
    for key, kind, default, sentence in schema.rows(path):
        anchor = links.get(key if path == THE_FILE else f"{path}.{key}")
        name = f"[`{key}`](#{anchor})" if anchor else f"`{key}`"
        lines.append(f"| {name} | {kind} | {default} | {sentence} |")
    return "\n".join(lines) + "\n\n"


def mdoc(text):
    text = text.replace("\\", "\\e")
    return re.sub(r"`([^`]*)`", r"\\fB\1\\fP", text)


def manual(schema, path):
    lines = [".Bl -tag -width Ds"]
    for key, kind, default, sentence in schema.rows(path):
        default = {"": "", "required": "; required"}.get(default, f"; default {default}")
        lines += [f".It Ic {key}", mdoc(kind[0].upper() + kind[1:] + default + ".")]
        lines += re.sub(r"(?<=[.;:]) (?=[A-Z]|\\fB\w+\\fP:)", "\n", mdoc(sentence)).split("\n")
    return "\n".join(lines + [".El"]) + "\n"


def written(schema, path):
    """The document as it should be."""
    begin, end = MARKS[path]
    table = markdown if path == MARKDOWN else manual
    return re.sub(f"({begin}).*?({re.escape(end)})", lambda m: m[1] + table(schema, m[2]) + m[3], read(path), flags=re.S)


def main():
    if sys.argv[1:] not in ([], ["--check"]):
        sys.exit("usage: schema/tables.py [--check]")
    schema, differ = Schema(), 0
    for path in MARKS:
        text = written(schema, path)
        if text == read(path):
            continue
        differ = 1
        if sys.argv[1:] == ["--check"]:
            print(f"{path}: its tables of keys are not what the schema says; run schema/tables.py")
        else:
            with open(os.path.join(ROOT, path), "w", encoding="utf-8") as file:
                file.write(text)
    return differ if sys.argv[1:] == ["--check"] else 0


if __name__ == "__main__":
    sys.exit(main())
