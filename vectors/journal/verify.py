"""A second verifier of Sallyport's journal, written from docs/recording-format.md and nothing else.

python3 verify.py FOLDER...: each is a data/journal. Prints a line for each lane; exit code 1 if one is not whole.
"""

import hashlib
import json
import re
import struct
import sys
from pathlib import Path

EVENTS = ('session', 'decision', 'outcome', 'access-request', 'recovery')
MOST_TORN = 4 * 1024 * 1024 + 1024 * 1024 + 40


def make_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


TABLE = make_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


class Broken(Exception):
    pass


def need(condition, reason):
    if not condition:
        raise Broken(reason)


def frame_at(data, at):
    """The frame that begins at a byte: (length in all, link before, payload); None if none is whole there."""
    if len(data) - at < 40:
        return None
    crc, length = struct.unpack_from('>II', data, at)
    end = at + 40 + length
    if not 1 <= length <= 1048576 or end > len(data) or crc != crc32c(data[at + 4 : end]):
        return None
    return 40 + length, data[at + 8 : at + 40], data[at + 40 : end]


def position(payload):
    match = re.match(rb'\{"n":(\d{1,16}),"b":(\d{1,16}),"e":\{', payload)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def check_torn(data, at, missing):
    need(len(data) - at <= MOST_TORN, 'more bytes than a torn tail has')
    need(frame_at(data, at) is None, f'a whole frame that is not event {missing}')
    for found in re.finditer(rb'\{"n":', data[at:]):
        frame = frame_at(data, at + found.start() - 40) if found.start() >= 40 else None
        if frame is None:
            continue
        n, b = position(frame[2])
        need(b <= missing and not 0 < n < missing, f'event {n} was written after event {missing}')


def check_header(data, lane, segment, number, link, journal):
    """Returns journal id and link before the first event."""
    need(len(data) >= 76 and data[:8] == b'SALLYJNL', 'no segment')
    version, its_lane, its_segment, first = struct.unpack_from('>HHIQ', data, 8)
    (crc,) = struct.unpack_from('>I', data, 72)
    need(crc == crc32c(data[:72]), 'the header is damaged')
    need(version == 1, f'version {version}')
    need((its_lane, its_segment) == (lane, segment), 'the segment of another place')
    its_journal, before = data[24:40], data[40:72]
    if segment == 1:
        link = hashlib.sha256(b'sallyport journal chain 1' + struct.pack('>H', lane) + its_journal).digest()
    need(journal in (None, its_journal), 'the segment of another journal')
    need(first == number + 1 and before == link, 'the segment does not follow')
    return its_journal, before


def check_lane(folder, lane):
    head_file = folder / 'heads' / f'{lane:02}.json'
    head = json.loads(head_file.read_text()) if head_file.exists() else None
    names = (path.name for path in (folder / f'{lane:02}').glob('*.seg'))
    segments = sorted(int(name[:10]) for name in names if re.fullmatch(r'\d{10}\.seg', name))
    need(segments == list(range(1, len(segments) + 1)), 'a segment is missing')
    need(segments, 'no segments')
    number, link, journal, head_seen, torn = 0, None, None, False, 0
    for segment in segments:
        data = (folder / f'{lane:02}' / f'{segment:010}.seg').read_bytes()
        journal, link = check_header(data, lane, segment, number, link, journal)
        at = 76
        while True:
            if head and head['number'] == number:
                need((head['journalId'], head['link']) == (journal.hex(), link.hex()), 'the head knows another event')
                head_seen = True
            frame = frame_at(data, at)
            if frame is None:
                break
            size, before, payload = frame
            n, b = position(payload)
            if before != link or n != number + 1 or b > n:
                break
            need(json.loads(payload)['e']['type'] in EVENTS, 'no event')
            number, link, at = n, hashlib.sha256(before + payload).digest(), at + size
        if at < len(data):
            need(segment == segments[-1], f'segment {segment} is damaged behind event {number}')
            check_torn(data, at, number + 1)
            torn = len(data) - at
    need(head or number == 0, 'the head is missing')
    need(head_seen or not head, 'the chain does not reach its head')
    need(not (head and head['clean']) or (number == head['number'] and torn == 0), 'more than the closed journal had')
    return number, link.hex()


def check(folder):
    names = [path.name for path in folder.iterdir()] + [path.stem for path in folder.glob('heads/*.json')]
    whole = True
    for lane in sorted({int(name) for name in names if re.fullmatch(r'\d\d', name)}):
        try:
            number, link = check_lane(folder, lane)
            print(f'{folder}: lane {lane:02} whole {number} {link}')
        except (Broken, ValueError, KeyError) as error:
            print(f'{folder}: lane {lane:02} broken: {error}')
            whole = False
    return whole


assert crc32c(b'123456789') == 0xE3069283
sys.exit(0 if all([check(Path(name)) for name in sys.argv[1:]]) else 1)
