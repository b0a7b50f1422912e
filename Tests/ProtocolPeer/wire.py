"""1: integers and vectors, as in docs/protocol.md and RFC 9420 section 2.1."""
import struct


class ProtocolError(Exception):
    """The other side broke the protocol."""


def u8(number):
    return struct.pack(">B", number)


def u16(number):
    return struct.pack(">H", number)


def u32(number):
    return struct.pack(">I", number)


def u64(number):
    return struct.pack(">Q", number)


def varint(number):
    if number < 1 << 6:
        return u8(number)
    if number < 1 << 14:
        return u16(number | 0x4000)
    return u32(number | 0x80000000)


def vector(content):
    return varint(len(content)) + content


def vector_of(items):
    """A vector of encoded items."""
    return vector(b"".join(items))


def optional(content):
    return b"\0" if content is None else b"\x01" + content


class Reader:
    def __init__(self, content):
        self.content = content
        self.position = 0

    @property
    def is_at_end(self):
        return self.position == len(self.content)

    def take(self, count):
        if self.position + count > len(self.content):
            raise ProtocolError("truncated")
        self.position += count
        return self.content[self.position - count:self.position]

    def number(self, count):
        return int.from_bytes(self.take(count), "big")

    def vector(self, limit=1 << 22):
        first = self.number(1)
        count = {0: 1, 1: 2, 2: 4}.get(first >> 6)
        if count is None:
            raise ProtocolError("varint")
        length = (first & 0x3F) << 8 * (count - 1) | self.number(count - 1)
        if len(varint(length)) != count or length > limit:
            raise ProtocolError("varint")
        return self.take(length)

    def vector_of(self, read, limit=1 << 22):
        """A vector of items, each read by `read`."""
        inner = Reader(self.vector(limit))
        items = []
        while not inner.is_at_end:
            items.append(read(inner))
        return items

    def optional(self, read):
        flag = self.number(1)
        if flag > 1:
            raise ProtocolError("optional")
        return read(self) if flag else None

    def rest(self):
        return self.take(len(self.content) - self.position)

    def finish(self):
        if not self.is_at_end:
            raise ProtocolError("trailing bytes")


def whole(read, content):
    """What `read` makes of all of the content."""
    reader = Reader(content)
    value = read(reader)
    reader.finish()
    return value
