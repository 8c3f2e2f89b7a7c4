"""The postcard wire format by schema. A schema has `write(value)` to bytes and `read(reader)` back.

Values are what JSON has: numbers, texts, lists, objects; bytes are hexadecimal texts; an enum is the name of its variant, or
an object of the name and the content."""


class Malformed(Exception):
    """The bytes are not what the schema says, with the kind of fault that the vectors name."""


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if len(self.data) - self.at < count:
            raise Malformed("malformed")
        self.at += count
        return self.data[self.at - count:self.at]


def decode(schema, data):
    reader = Reader(data)
    value = schema.read(reader)
    if reader.at != len(data):
        raise Malformed("trailing")
    return value


class Byte:
    def write(self, value):
        return bytes([value])

    def read(self, reader):
        return reader.take(1)[0]


class Bool:
    def write(self, value):
        return b"\1" if value else b"\0"

    def read(self, reader):
        byte = reader.take(1)[0]
        if byte > 1:
            raise Malformed("malformed")
        return byte == 1


class Varint:
    def __init__(self, bits):
        self.bits = bits

    def write(self, value):
        out = bytearray()
        while value >= 0x80:
            out.append(value & 0x7F | 0x80)
            value >>= 7
        return bytes(out) + bytes([value])

    def read(self, reader):
        value = 0
        for shift in range(0, self.bits, 7):
            byte = reader.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if value >> self.bits:
                    break
                return value
        raise Malformed("malformed")


class Wrapped(Varint):
    """A number that may be negative, as its two's complement."""

    def write(self, value):
        return super().write(value % (1 << self.bits))

    def read(self, reader):
        value = super().read(reader)
        return value - (1 << self.bits) if value >> (self.bits - 1) else value


U16, U32, U64, LENGTH = Varint(16), Varint(32), Varint(64), Varint(64)


class Array:
    """A fixed number of bytes."""

    def __init__(self, count):
        self.count = count

    def write(self, value):
        return bytes.fromhex(value)

    def read(self, reader):
        return reader.take(self.count).hex()


class Bytes:
    def write(self, value):
        return LENGTH.write(len(value) // 2) + bytes.fromhex(value)

    def read(self, reader):
        return reader.take(LENGTH.read(reader)).hex()


class Text:
    def write(self, value):
        return LENGTH.write(len(value.encode())) + value.encode()

    def read(self, reader):
        try:
            return reader.take(LENGTH.read(reader)).decode()
        except UnicodeDecodeError:
            raise Malformed("malformed") from None


class Seq:
    """A list of at most so many."""

    def __init__(self, item, most, fault="too many"):
        self.item, self.most, self.fault = item, most, fault

    def write(self, value):
        return LENGTH.write(len(value)) + b"".join(self.item.write(one) for one in value)

    def read(self, reader):
        length = LENGTH.read(reader)
        if length > self.most:
            raise Malformed(self.fault)
        return [self.item.read(reader) for _ in range(length)]


class Option:
    def __init__(self, item):
        self.item = item

    def write(self, value):
        return b"\0" if value is None else b"\1" + self.item.write(value)

    def read(self, reader):
        return self.item.read(reader) if BOOL.read(reader) else None


class Tuple:
    def __init__(self, *items):
        self.items = items

    def write(self, value):
        return b"".join(item.write(one) for item, one in zip(self.items, value, strict=True))

    def read(self, reader):
        return [item.read(reader) for item in self.items]


class Struct:
    def __init__(self, check=None, **fields):
        self.fields, self.check = fields, check

    def write(self, value):
        return b"".join(field.write(value[name]) for name, field in self.fields.items())

    def read(self, reader):
        value = {name: field.read(reader) for name, field in self.fields.items()}
        if self.check:
            self.check(value)
        return value


class Enum:
    """Variants in their order: a name alone, or a name and the schema of its content."""

    def __init__(self, *variants, fault="malformed"):
        self.fault = fault
        self.variants = [one if isinstance(one, tuple) else (one, None) for one in variants]

    def write(self, value):
        name, content = (value, None) if isinstance(value, str) else next(iter(value.items()))
        number = next(i for i, (known, _) in enumerate(self.variants) if known == name)
        schema = self.variants[number][1]
        return U32.write(number) + (schema.write(content) if schema else b"")

    def read(self, reader):
        number = U32.read(reader)
        if number >= len(self.variants):
            raise Malformed(self.fault)
        name, schema = self.variants[number]
        return {name: schema.read(reader)} if schema else name


BOOL = Bool()
