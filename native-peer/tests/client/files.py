"""Files as docs/protocol.md tells of them: layout and digests, blocks, links, lists of files."""

import re
import struct
from urllib.parse import quote, unquote_to_bytes

from blake3 import subtree
from link import MOST_IN_BLOCK, Refused
from messages import U64
from postcard import Array, Malformed, Seq, Struct, Text, decode

SMALLEST, LARGEST, MOST_SEGMENTS = 64 * 1024, 1024 * 1024, 1 << 18
DIGESTS = 1 << 63
FIRST_LINE = b"chordscope collection 1\n"
FILES = Seq(Struct(path=Text(), content=Array(32), length=U64), 65_536)
DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[1-9¹²³]|lpt[1-9¹²³])", re.IGNORECASE)
NOT_IN_NAMES = re.compile(r'[\0-\x1f\x7f-\x9f/\\:*?"<>|\u200e\u200f\u202a-\u202e\u2066-\u2069]')


def layout(length):
    """The size of a segment, and how many there are."""
    wanted = max(1, length // 1024)
    segment = min(max(1 << (wanted - 1).bit_length(), SMALLEST), LARGEST)
    count = max(1, -(-length // segment))
    if count > MOST_SEGMENTS:
        raise Malformed("too long")
    return segment, count


def digests(data):
    segment, count = layout(len(data))
    starts = range(0, len(data), segment) if count > 1 else ()
    return b"".join(subtree(data[at:at + segment], at) for at in starts)


def read_block(body):
    """Content, whether it is a piece of the list of digests, from which byte on, bytes."""
    if not 40 <= len(body) <= 40 + MOST_IN_BLOCK:
        raise Refused("garbage")
    position, = struct.unpack("<Q", body[32:40])
    at, of_digests = position % DIGESTS, position >= DIGESTS
    if at >= 1 << 32 if of_digests else at % MOST_IN_BLOCK:
        raise Refused("garbage")
    return body[:32].hex(), of_digests, at, body[40:].hex()


def write_block(content, of_digests, at, data):
    return bytes.fromhex(content) + struct.pack("<Q", DIGESTS * of_digests + at) + bytes.fromhex(data)


def read_link(text):
    content, _, fields = text.removeprefix("chordscope:").partition("?")
    if not re.fullmatch("[0-9a-f]{64}", content):
        raise Malformed("link")
    link = {"content": content, "called": None, "length": None, "folder": False}
    for field in filter(None, fields.split("&")):
        name, equals, value = field.partition("=")
        if not equals or name == "len" and not value.isdigit():
            raise Malformed("link")
        if name == "n":
            link["called"] = _name(value)
        elif name == "len":
            link["length"] = int(value)
        elif name == "c":
            link["folder"] = value == "1"
    return link


def _name(value):
    try:
        name = unquote_to_bytes(value).decode()
    except UnicodeDecodeError:
        raise Malformed("link") from None
    if not 1 <= len(name.encode()) <= 255:
        raise Malformed("link")
    return name


def write_link(link):
    called, length = link["called"], link["length"]
    fields = [f"n={quote(called, safe='')}"] if called is not None else []
    fields += [f"len={length}"] if length is not None else []
    fields += ["c=1"] if link["folder"] else []
    return f"chordscope:{link['content']}" + ("?" + "&".join(fields) if fields else "")


def read_collection(data):
    if not data.startswith(FIRST_LINE):
        raise Malformed("malformed")
    try:
        files = decode(FILES, data[len(FIRST_LINE):])
    except Malformed:
        raise Malformed("malformed") from None
    paths = [file["path"] for file in files]
    if not all(is_safe(path) for path in paths):
        raise Malformed("path")
    folded = {path.lower() for path in paths}
    folders = {path[:at.start()] for path in folded for at in re.finditer("/", path)}
    if len(folded) < len(paths) or folded & folders:
        raise Malformed("clash")
    return files


def write_collection(files):
    return FIRST_LINE + FILES.write(sorted(files, key=lambda file: file["path"].encode()))


def is_safe(path):
    return len(path.encode()) <= 1_024 and all(map(_is_safe_part, path.split("/")))


def _is_safe_part(part):
    plain = 1 <= len(part.encode()) <= 255 and not NOT_IN_NAMES.search(part)
    trimmed = part == part.strip(" ") and not part.endswith(".")
    return plain and trimmed and not DEVICE.fullmatch(part.split(".")[0].rstrip())
