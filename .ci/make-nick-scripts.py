"""Makes Sources/Chat/Nicks/NickScripts+Table.swift from Debian's unicode-data (apt install unicode-data).

    python3 .ci/make-nick-scripts.py > Sources/Chat/Nicks/NickScripts+Table.swift

For each letter, mark and decimal digit of a script that Unicode recommends for names (UAX 31, table 5), the script. What is
of another script has no place in the table.
"""

import re

FOLDER = "/usr/share/unicode/"
# The order is that of NickScripts.Script.
SCRIPTS = [
    "Common", "Inherited", "Arabic", "Armenian", "Bengali", "Bopomofo", "Cyrillic", "Devanagari", "Ethiopic", "Georgian",
    "Greek", "Gujarati", "Gurmukhi", "Han", "Hangul", "Hebrew", "Hiragana", "Kannada", "Katakana", "Khmer", "Lao", "Latin",
    "Malayalam", "Myanmar", "Oriya", "Sinhala", "Tamil", "Telugu", "Thaana", "Thai", "Tibetan",
]
# L& stands for letters with a case.
CATEGORIES = ("L&", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd")

ranges = []
version = ""
with open(FOLDER + "Scripts.txt", encoding="utf-8") as file:
    for line in file:
        version = version or re.search(r"Scripts-([0-9.]+)\.txt", line).group(1)
        match = re.match(r"([0-9A-F]+)(?:\.\.([0-9A-F]+))?\s*;\s*(\w+)\s*#\s*(\w[\w&])", line)
        if match and match.group(4) in CATEGORIES:
            start = int(match.group(1), 16)
            ranges.append((start, int(match.group(2) or match.group(1), 16), match.group(3)))
ranges.sort()

# Ranges of one script that nothing of another one stands between are one.
merged = []
for start, end, script in ranges:
    if merged and merged[-1][2] == script:
        merged[-1][1] = end
    else:
        merged.append([start, end, script])
merged = [entry for entry in merged if entry[2] in SCRIPTS]

print("// Made by .ci/make-nick-scripts.py from Unicode " + version + "; not to be edited.")
print()
print("extension NickScripts {")
print("    /// First scalar, last scalar and script, by the scalars.")
print("    static let table: [UInt32] = [")
for start in range(0, len(merged), 4):
    part = merged[start : start + 4]
    print("        " + " ".join("0x%04X, 0x%04X, %d," % (a, b, SCRIPTS.index(s)) for a, b, s in part))
print("    ]")
print("}")
