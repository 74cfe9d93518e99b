"""A second reader of anchors, written from docs/recording-format.md and nothing else.

python3 compare.py JOURNAL ANCHOR: a JOURNAL is a data/journal, an ANCHOR a file of lines or a folder of such files.
Prints `LANE NUMBER` for each anchored checkpoint that the journal does not have; exit code 1 if there is any.
"""

import json
import sys
from pathlib import Path

MEMBERS = 'version journal lane number first last link root previous timeMs key signature'.split()


def checkpoint_of(line):
    """The checkpoint that a line is; None if it is none."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    if not isinstance(found, dict) or list(found) != MEMBERS or found['version'] != 1:
        return None
    return found if json.dumps(found, separators=(',', ':'), ensure_ascii=False).encode() == line else None


def lines_of(place):
    files = sorted(place.rglob('*.json*')) if place.is_dir() else [place]
    return [line for file in files for line in file.read_bytes().split(b'\n') if line]


def has(journal, line, lane, number):
    file = journal / 'checkpoints' / f'{lane:02}.jsonl'
    lines = file.read_bytes().split(b'\n')[:-1] if file.exists() else []
    return number <= len(lines) and lines[number - 1] == line


if __name__ == '__main__':
    journal, anchor = map(Path, sys.argv[1:])
    anchored = [(line, found) for line in lines_of(anchor) if (found := checkpoint_of(line))]
    missing = [found for line, found in anchored if not has(journal, line, found['lane'], found['number'])]
    for found in missing:
        print(found['lane'], found['number'])
    sys.exit(1 if missing else 0)
