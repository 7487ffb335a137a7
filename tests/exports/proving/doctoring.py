"""Rows that somebody made for a mark: CRC-32 is linear, and turning letters from small to capital is enough."""

from zlib import crc32


def with_mark(row: bytes, mark: int) -> bytes:
    """Turn letters of a row until it has this mark; it needs some forty of them."""
    letters = [place for place, byte in enumerate(row) if chr(byte).isalpha()]
    turned = bytearray(row)
    for place in places(mark ^ crc32(row), [crc32(with_turned(row, one)) ^ crc32(row) for one in letters]):
        turned[letters[place]] ^= 0x20
    assert crc32(turned) == mark
    return bytes(turned)


def with_turned(row: bytes, place: int) -> bytes:
    return row[:place] + bytes([row[place] ^ 0x20]) + row[place + 1 :]


def places(wanted: int, vectors: list[int]) -> list[int]:
    """Say which of these vectors add up to the wanted one, bit by bit without carry (Gauss)."""
    basis: dict[int, tuple[int, int]] = {}
    for place, vector in enumerate(vectors):
        rest, made_of = reduced(vector, 1 << place, basis)
        if rest:
            basis[rest.bit_length()] = rest, made_of
    rest, made_of = reduced(wanted, 0, basis)
    assert not rest, "more letters are needed"
    return [place for place in range(len(vectors)) if made_of >> place & 1]


def reduced(vector: int, made_of: int, basis: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """Take away what the basis can make."""
    while vector and vector.bit_length() in basis:
        other, made_of_other = basis[vector.bit_length()]
        vector, made_of = vector ^ other, made_of ^ made_of_other
    return vector, made_of
