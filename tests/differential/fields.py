# SPDX-License-Identifier: GPL-2.0-or-later
"""The field tables of hw/arm/smmuv3-regs.h, so that they are written once. A mistake in them shows: the peer decodes what they encode."""
import pathlib
import re

HEADER = pathlib.Path(__file__).resolve().parents[2] / "hw/arm/smmuv3-regs.h"


def load():
    text = HEADER.read_text()
    fields = {(r, f): (int(s), int(n)) for r, f, s, n in re.findall(r"^FIELD\((\w+), (\w+), (\d+), (\d+)\)", text, re.M)}
    numbers = {n: int(v, 0) for n, v in re.findall(r"\b((?:SMMU|CMD|STE_CFG)_\w+) = (0x[0-9a-f]+|\d+)\b", text)}
    return fields, numbers


FIELDS, NUMBERS = load()


def get(word, register, name):
    shift, bits = FIELDS[register, name]
    return word >> shift & (1 << bits) - 1


def put(word, register, name, value):
    shift, bits = FIELDS[register, name]
    mask = (1 << bits) - 1
    return word & ~(mask << shift) | (value & mask) << shift


def pack(register, **values):
    word = 0
    for name, value in values.items():
        word = put(word, register, name, value)
    return word


def names(register):
    return [f for r, f in FIELDS if r == register]


def register(name):
    return NUMBERS["SMMU_" + name]
