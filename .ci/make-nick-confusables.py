"""Makes Sources/Chat/Nicks/NickConfusables+Table.swift from the confusables of Unicode Technical Standard 39 as Debian's ICU has
them (apt install libicu72; unicode-data has none), for the letters, marks and digits that a nick may have.

    python3 .ci/make-nick-confusables.py > Sources/Chat/Nicks/NickConfusables+Table.swift

What is composed canonically has what its parts look like. Left out are ASCII, letters of no script (mathematical ones) and composed
ones of scripts whose letters are known by their names, and Hangul, which is written in syllables.
"""

import ctypes
import ctypes.util
import re
import unicodedata

LIBRARY = ctypes.util.find_library("icui18n")
VERSION = re.search(r"\d+$", LIBRARY).group()
ICU = ctypes.CDLL(LIBRARY)
# Prototypes that are longer are ligatures of words.
LONGEST = 4
WIDTH = 116


def symbol(name, result=None):
    function = getattr(ICU, f"{name}_{VERSION}")
    function.restype = result
    return function


error = ctypes.c_int(0)
CHECKER = ctypes.c_void_p(symbol("uspoof_open", ctypes.c_void_p)(ctypes.byref(error)))
assert error.value <= 0


def prototype(text):
    given, room, code = text.encode(), ctypes.create_string_buffer(512), ctypes.c_int(0)
    length = symbol("uspoof_getSkeletonUTF8", ctypes.c_int32)(
        CHECKER, 0, given, len(given), room, len(room), ctypes.byref(code))
    assert code.value <= 0
    return room.raw[:length].decode()


# The ranges of letters, marks and digits that are of a script for names.
with open("Sources/Chat/Nicks/NickScripts+Table.swift", encoding="utf-8") as file:
    text = file.read()
unicode_version = re.search(r"from Unicode ([0-9.]+)", text).group(1)
numbers = [int(number, 0) for number in re.findall(r"0x[0-9A-F]+|\b\d+\b", text.split("[UInt32] = [")[1])]

entries = []
for first, last, script in zip(numbers[::3], numbers[1::3], numbers[2::3]):
    for value in range(max(first, 0x80), last + 1):
        letter = chr(value)
        parts = unicodedata.normalize("NFD", letter)
        name = unicodedata.name(letter, "")
        if unicodedata.category(letter)[0] not in "LMN" or name.startswith("HANGUL"):
            continue
        if len(parts) > 1 and name.startswith(("LATIN", "GREEK", "CYRILLIC", "HEBREW")):
            continue
        # 0 is what is of no script.
        if script == 0 and unicodedata.normalize("NFKD", letter) != parts:
            continue
        like = prototype(letter)
        if like != parts and len(like) <= LONGEST and " " not in like:
            entries.append(f"{value:X}=" + "+".join(f"{ord(part):X}" for part in like))

print(f"// Made by .ci/make-nick-confusables.py from ICU {VERSION} and Unicode {unicode_version}; not to be edited.")
print()
print("extension NickConfusables {")
print("    /// Letter = what it looks like, in hex.")
print('    static let table = """')
line = ""
for entry in entries:
    if len(line) + 1 + len(entry) > WIDTH:
        print(f"        {line} \\")
        line = ""
    line += (" " if line else "") + entry
print(f"        {line}")
print('        """')
print("}")
