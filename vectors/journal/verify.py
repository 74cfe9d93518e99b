"""A second verifier of Sallyport's journal, written from docs/recording-format.md and nothing else.

python3 verify.py FOLDER...: each is a data/journal. Prints a line for each lane; exit code 1 if one is not whole. What
signatures show, the verifiers in vectors/recording add to it.
"""

import hashlib
import json
import re
import struct
import sys
from pathlib import Path

EVENTS = (
    'session', 'session-end', 'revocation', 'decision', 'outcome', 'access-request', 'removal', 'shred', 'recovery',
)
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


def is_count(value):
    return type(value) is int and 0 <= value < 2**53


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


class Lane:
    """One lane: its chain, the gaps in it, and what it says of removals. `broken`: why it does not hold, if it does not."""

    def __init__(self, folder, number):
        self.folder, self.lane = folder, number
        head_file = folder / 'heads' / f'{number:02}.json'
        self.number, self.link, self.journal, self.broken = 0, None, None, None
        # A gap: first and last segment that is missing (None: all that follow), and the chain on both sides of it.
        self.gaps, self.ends, self.removals, self.links = [], {}, [], {}
        self.head = None
        try:
            self.head = check_head(json.loads(head_file.read_text()), number) if head_file.exists() else None
            self.walk()
        except (Broken, ValueError, KeyError, TypeError, AttributeError) as error:
            self.broken = str(error) or type(error).__name__

    def walk(self):
        lane, head = self.lane, self.head
        names = (path.name for path in (self.folder / f'{lane:02}').glob('*.seg'))
        segments = sorted(int(name[:10]) for name in names if re.fullmatch(r'\d{10}\.seg', name))
        need(segments or head, 'no segments')
        self.head_seen, torn, expected = False, 0, 1
        for segment in segments:
            data = (self.folder / f'{lane:02}' / f'{segment:010}.seg').read_bytes()
            if segment > expected:
                self.cross(expected, segment - 1, *self.behind_gap(data, segment))
            self.journal, self.link = check_header(data, lane, segment, self.number, self.link, self.journal)
            torn = self.read(data, segment, segment == segments[-1])
            self.ends[segment] = (self.number, self.link)
            expected = segment + 1
        if head and head['clean'] and head['number'] > self.number and torn == 0 and re.fullmatch('[0-9a-f]{32}', head['journalId']):
            self.journal = self.journal or bytes.fromhex(head['journalId'])
            self.cross(expected, None, head['number'], bytes.fromhex(head['link']))
            self.look_at_head()
        need(head or self.number == 0, 'the head is missing')
        need(self.head_seen or not head, 'the chain does not reach its head')
        closed = head and head['clean']
        need(not closed or (self.number == head['number'] and torn == 0), 'more than the closed journal had')

    def behind_gap(self, data, segment):
        need(len(data) >= 76, 'no segment')
        (first,) = struct.unpack_from('>Q', data, 16)
        need(self.journal in (None, data[24:40]), 'the segment of another journal')
        self.journal = data[24:40]
        check_header(data, self.lane, segment, first - 1, data[40:72], self.journal)
        return first - 1, data[40:72]

    def cross(self, first, last, number, link):
        before = (self.number, self.link or genesis(self.lane, self.journal))
        need(number > self.number, 'a segment is missing')
        self.gaps.append((first, last, before, (number, link)))
        if self.head and self.number < self.head['number'] < number:
            self.head_seen = True
        self.number, self.link = number, link

    def look_at_head(self):
        head = self.head
        if head and head['number'] == self.number:
            known = (head['journalId'], head['link'])
            need(known == (self.journal.hex(), self.link.hex()), 'the head knows another event')
            self.head_seen = True

    def read(self, data, segment, is_last):
        at = 76
        while True:
            self.look_at_head()
            self.links[self.number] = self.link
            frame = frame_at(data, at)
            if frame is None:
                break
            size, before, payload = frame
            n, b = position(payload)
            if before != self.link or n != self.number + 1 or b > n:
                break
            event = json.loads(payload)['e']
            need(event['type'] in EVENTS and 'id' in event and is_count(event['timeMs']), 'no event')
            self.number, self.link, at = n, hashlib.sha256(before + payload).digest(), at + size
            if event['type'] == 'removal':
                self.removals.append((event, n, len(self.gaps)))
        if at < len(data):
            need(is_last, f'segment {segment} is damaged behind event {self.number}')
            check_torn(data, at, self.number + 1)
        return len(data) - at


def check_head(head, lane):
    counts = [head[name] for name in ('lane', 'number', 'openSince')]
    need(all(type(each) is int for each in counts) and head['lane'] == lane, 'not the head of the lane')
    need(type(head['clean']) is bool and type(head['journalId']) is str, 'no head')
    need(type(head['link']) is str and len(head['link']) == 64, 'no head')
    known = head.get('checkpoint', {'number': 0, 'hash': ''})
    need(type(known['number']) is int and type(known['hash']) is str, 'no head')
    return head


def genesis(lane, journal):
    return hashlib.sha256(b'sallyport journal chain 1' + struct.pack('>H', lane) + journal).digest()


def voucher(lane, gap, removals):
    """What vouches for a gap: a removal that begins with it, whose links are those of the chain on both its ends."""
    words = sorted((r for r in removals if r['lane'] == lane.lane), key=lambda r: (-r['timeMs'], r['id']))
    first, last, (n1, l1), (n2, l2) = gap
    ends = dict(lane.ends)
    ends.update({g[1]: g[3] for g in lane.gaps})
    for removal in words:
        (r1, r2), (e1, e2) = removal['segments'], removal['events']
        end = (n2, l2) if last is None or r2 == last else ends.get(r2)
        if removal['why'] == 'withdrawn' or r1 != first or r2 < (last or r2) or end is None:
            continue
        if (e1, removal['before'], e2, removal['after']) != (n1 + 1, l1.hex(), end[0], end[1].hex()):
            continue
        said = [next(w for w in words if w['segments'][0] <= s <= w['segments'][1]) for s in range(first, (last or r2) + 1)]
        return removal if all(w['why'] != 'withdrawn' for w in said) else None
    return None


def judge(lanes, shown):
    """Holds gaps against removals. `shown(lane, number, gap)`: True where a removal is the gate's for sure, the index of
    a gap where whatever vouches for that shows it, or None."""
    proven = []
    while True:
        found = []
        for lane in lanes:
            for event, number, gap in lane.removals:
                how = shown(lane, number, gap)
                if how is True or (how is not None and voucher(lane, lane.gaps[how], proven)):
                    found.append(event)
        if len(found) <= len(proven):
            break
        proven = found
    for lane in lanes:
        if any(voucher(lane, gap, proven) is None for gap in lane.gaps):
            lane.broken = lane.broken or 'a segment is missing that no removal vouches for'


def lanes_of(folder):
    names = [path.name for path in folder.iterdir()] + [path.stem for path in folder.glob('heads/*.json')]
    names += [path.stem for path in folder.glob('checkpoints/*.jsonl')]
    return [Lane(folder, lane) for lane in sorted({int(name) for name in names if re.fullmatch(r'\d\d', name)})]


def check(folder):
    lanes = lanes_of(folder)
    judge(lanes, lambda lane, number, gap: True)
    for lane in lanes:
        if lane.broken is None:
            print(f'{folder}: lane {lane.lane:02} whole {lane.number} {(lane.link or b"").hex()}')
        else:
            print(f'{folder}: lane {lane.lane:02} broken: {lane.broken}')
    return all(lane.broken is None for lane in lanes)


assert crc32c(b'123456789') == 0xE3069283
if __name__ == '__main__':
    sys.exit(0 if all([check(Path(name)) for name in sys.argv[1:]]) else 1)
