"""Compares the vocabulary of this implementation with the one that docs/protocol.md lists: names, numbers, fields, limits."""

import re
from pathlib import Path

import messages
from postcard import Array, Bool, Byte, Bytes, Enum, Option, Seq, Struct, Text, Tuple, Varint

PLAIN = {"bool": Bool, "u8": Byte, "bytes": Bytes, "text": Text}
# Where a definition has another name here.
NAMES = {
    "Request": "REQUEST", "Swarm": "SWARM", "RelayCard": "RELAY_CARD", "RelayMessage": "RELAY_MESSAGE", "Next": "FOLLOWING",
    "GroupRequest": "GROUP_REQUEST", "GroupResponse": "GROUP_RESPONSE",
}


class Different(Exception):
    """The page says something else."""


def definitions(text):
    """The text behind each name that is defined in a code block."""
    found, name = {}, None
    for block in re.findall(r"^```$(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            begun = re.match(r"(\w+)\s+(?:=\s*(?=\S)|(?=\{))", line)
            if begun:
                name, line = begun[1], line[begun.end():]
                found[name] = ""
            # What stands far behind is a remark.
            found[name or ""] = found.get(name or "", "") + " " + re.split(r"\s{3,}", line.strip())[0]
    return {name: text.strip() for name, text in found.items() if re.match(r"[{\d]|seq of", text.strip())}


def split(text, by):
    """The parts of a text, but not within brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if character == by and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


def need(is_so, what):
    if not is_so:
        raise Different(what)


class Page:
    def __init__(self, path):
        self.defined, self.seen = definitions(Path(path).read_text()), set()

    def compare(self):
        agreed, disagreed, nameless = [], [], []
        for name, text in self.defined.items():
            schema = getattr(messages, NAMES.get(name, name.upper()), None)
            if schema is None:
                nameless.append(name)
                continue
            try:
                self.same(text, schema, name)
                agreed.append(name)
            except (Different, AttributeError, IndexError) as why:
                disagreed.append(f"{name}: {type(why).__name__} {why}")
        # What has no name here was compared where it is used.
        used = {name for _, name in self.seen}
        agreed += [name for name in nameless if name in used]
        disagreed += [f"{name}: nothing here is like it" for name in nameless if name not in used]
        return {"agreed": agreed, "disagreed": disagreed}

    def same(self, text, schema, where):
        text = text.strip()
        limit = re.search(r"\((?:1 to|at most) ([\d,]+)(?: each)?\)$", text)
        most = limit and int(limit[1].replace(",", ""))
        text = text[:limit.start()].strip() if limit else text
        if re.match(r"\d+ ", text):
            self.same_enum(split(text, "|"), schema, where)
        elif text.startswith("{"):
            self.same_fields(split(text[1:-1], ","), schema, where)
        elif text.startswith("seq of "):
            need(isinstance(schema, Seq), f"{where} is a seq")
            need(most is None or schema.most == most, f"{where} has at most {most}, not {schema.most}")
            self.same(text[7:], schema.item, where)
        elif text.startswith("option of "):
            need(isinstance(schema, Option), f"{where} is an option")
            self.same(text[10:], schema.item, where)
        elif text.startswith("("):
            self.same_fields(split(text[1:-1], ","), schema, where)
        else:
            self.same_type(text, schema, where)

    def same_type(self, text, schema, where):
        text, array = re.sub(r" \(.*\)$", "", text), re.fullmatch(r"\[u8; (\d+)\]", text)
        if array or text == "Id":
            need(isinstance(schema, Array) and schema.count == int(array[1] if array else 20), f"{where} is {text}")
        elif text in ("u16", "u32", "u64"):
            need(isinstance(schema, Varint) and schema.bits == int(text[1:]), f"{where} is {text}")
        elif text in PLAIN:
            need(isinstance(schema, PLAIN[text]), f"{where} is {text}")
        else:
            need(text in self.defined, f"{where}: {text} is defined")
            if (where, text) not in self.seen:
                self.seen.add((where, text))
                self.same(self.defined[text], schema, f"{where}, {text}")

    def same_enum(self, variants, schema, where):
        need(isinstance(schema, Enum) and len(schema.variants) == len(variants), f"{where} has {len(variants)} variants")
        for number, (text, (name, content)) in enumerate(zip(variants, schema.variants)):
            said = re.match(r"(\d+) (\w*)\s*(.*)", text)
            need(int(said[1]) == number and said[2] in (name, ""), f"{where}: {text[:30]} is not number {number}, {name}")
            inner = said[3]
            if not said[2] or inner == "(as above)":
                continue
            need(bool(inner) == (content is not None), f"{where}, {name} has a content")
            if inner:
                self.same_content(inner, content, f"{where}, {name}")

    def same_content(self, text, schema, where):
        """`(A, B)` or `{ a: A }`, perhaps with a limit behind it."""
        parts = re.fullmatch(r"([({])(.*?)[)}](?: (\(at most [\d,]+(?: each)?\)))?", text)
        inside = [f"{part} {parts[3] or ''}".strip() for part in split(parts[2], ",")] if parts[1] == "(" else split(parts[2], ",")
        if len(inside) == 1 and not isinstance(schema, (Tuple, Struct)):
            self.same(re.sub(r"^\w+: ", "", inside[0]), schema, where)
        elif len(inside) == 1 and isinstance(schema, Struct) and ":" not in inside[0]:
            self.same(inside[0], schema, where)
        else:
            self.same_fields(inside, schema, where)

    def same_fields(self, fields, schema, where):
        need(isinstance(schema, (Struct, Tuple)), f"{where} has several fields")
        named = list(schema.fields.items()) if isinstance(schema, Struct) else [(None, item) for item in schema.items]
        need(len(named) == len(fields), f"{where} has {len(fields)} fields, not {len(named)}")
        for field, (name, item) in zip(fields, named):
            said = re.match(r"(\w+): (.*)", field)
            need(not said or name in (None, said[1]), f"{where}: {name} is {said and said[1]}")
            self.same(said[2] if said else field, item, f"{where}, {name or field}")
