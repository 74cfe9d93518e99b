"""A second verifier of Sallyport's checkpoints and proofs, written from docs/recording-format.md and nothing else.

python3 verify.py PUBLIC.pem FOLDER|PROOF...: PUBLIC.pem has any number of keys, a FOLDER is a data/journal (that its chain is whole, verify.py of
vectors/journal proves), a PROOF a file. Prints a line for each lane and proof; exit code 1 if one does not hold.
Signatures are checked where the module `cryptography` is there; roots, order and links always are.
"""

import base64
import hashlib
import json
import re
import struct
import sys
from pathlib import Path

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import serialization
except ImportError:
    serialization = None

MEMBERS = 'journal lane number first last link root previous timeMs key signature'.split()
HEX = {'journal': 16, 'link': 32, 'root': 32, 'previous': 32, 'key': 16}


class Broken(Exception):
    pass


def need(condition, reason):
    if not condition:
        raise Broken(reason)


def sha(*parts):
    return hashlib.sha256(b''.join(parts)).digest()


def root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return sha(b'\x01', root(leaves[:half]), root(leaves[half:]))


def root_from_path(node, index, size, path):
    """RFC 6962 turned around: the halves of the tree from the top down name the sides, the path goes back up."""
    sides = []
    while size > 1:
        half = 1
        while half * 2 < size:
            half *= 2
        left = index < half
        sides.append(left)
        index, size = (index, half) if left else (index - half, size - half)
    need(len(path) == len(sides), 'the path is not as long as the tree is high')
    for beside, left in zip(path, reversed(sides)):
        node = sha(b'\x01', node, beside) if left else sha(b'\x01', beside, node)
    return node


class Key:
    def __init__(self, der):
        self.id = hashlib.sha256(der).hexdigest()[:32]
        self.key = serialization.load_der_public_key(der) if serialization else None

    def check(self, signature, data):
        if self.key is None:
            return
        try:
            self.key.verify(signature, data)
        except InvalidSignature:
            raise Broken('the signature does not hold') from None


def read_keys(text):
    """Keys by their id, from PEM with lines of `#` between."""
    pem = '\n'.join(line for line in text.splitlines() if not line.startswith('#'))
    bodies = re.findall(r'-----BEGIN PUBLIC KEY-----\s+([\w+/=\s]+)-----END PUBLIC KEY-----', pem)
    return {key.id: key for key in (Key(base64.b64decode(body)) for body in bodies)}


def follow(keys, path):
    """The keys, and those that took their place."""
    keys, followed, time = dict(keys), set(), 0
    for number, line in enumerate(path.read_text().splitlines() if path.exists() else [], 1):
        s = json.loads(line)
        members = ['version', 'number', 'from', 'to', 'publicKey', 'timeMs', 'signature']
        need(list(s) == members and json.dumps(s, separators=(',', ':')) == line, 'a succession is not written so')
        need(s['version'] == 1 and s['number'] == number and s['timeMs'] >= time, f'succession {number} out of order')
        need(s['from'] not in followed | {s['to']} and s['to'] not in followed, f'succession {number}: a key comes back')
        der = base64.b64decode(s['publicKey'], validate=True)
        key = Key(der)
        need(len(der) == 44 and key.id == s['to'], f'succession {number}: the key has another id')
        if s['from'] in keys:
            signed = b'sallyport journal succession 1' + struct.pack('>Q', number) + bytes.fromhex(s['from'])
            signed += bytes.fromhex(s['to']) + der + struct.pack('>Q', s['timeMs'])
            keys[s['from']].check(base64.b64decode(s['signature'], validate=True), signed)
            keys[key.id] = key
        followed.add(s['from'])
        time = s['timeMs']
    return keys


def line_of(checkpoint):
    members = {'version': 1, **{name: checkpoint[name] for name in MEMBERS}}
    return json.dumps(members, separators=(',', ':'), ensure_ascii=False)


def signed_bytes(c):
    return b''.join([
        b'sallyport journal checkpoint 1', bytes.fromhex(c['journal']),
        struct.pack('>HQQQ', c['lane'], c['number'], c['first'], c['last']),
        bytes.fromhex(c['link']), bytes.fromhex(c['root']), bytes.fromhex(c['previous']),
        struct.pack('>Q', c['timeMs']), bytes.fromhex(c['key']),
    ])


def read_checkpoint(text, keys):
    """The checkpoint of a line, its form and its signature checked, and its hash."""
    c = json.loads(text)
    need(isinstance(c, dict) and c.get('version') == 1 and line_of(c) == text, 'the line is not written so')
    for name, size in HEX.items():
        need(re.fullmatch('[0-9a-f]{%d}' % (2 * size), c[name]), f'{name} is not {size} bytes in hex')
    numbers = [c[name] for name in ('lane', 'number', 'first', 'last', 'timeMs')]
    need(all(type(each) is int and 0 <= each < 2**53 for each in numbers), 'a number is none')
    need(c['number'] >= 1 and 1 <= c['first'] <= c['last'] and c['lane'] <= 99, 'a number is out of its range')
    signature = base64.b64decode(c['signature'], validate=True)
    need(len(signature) == 64 and base64.b64encode(signature).decode() == c['signature'], 'no signature')
    need(c['key'] in keys, 'signed with another key')
    keys[c['key']].check(signature, signed_bytes(c))
    return c, sha(signed_bytes(c), signature).hex()


def events(folder, lane, head):
    """Journal id, and for each event that is there its leaf, and its link, which headers say as well of the last event
    that was removed before them; their chain, and what vouches for what was removed, are checked elsewhere."""
    journal, links, leaves = None, {}, {}
    for path in sorted((folder / f'{lane:02}').glob('*.seg')):
        data, at = path.read_bytes(), 76
        if len(data) < at:
            break
        journal = data[24:40].hex()
        (number,) = struct.unpack_from('>Q', data, 16)
        links[number - 1] = data[40:72].hex()
        while len(data) - at >= 40:
            (length,) = struct.unpack_from('>I', data, at + 4)
            if at + 40 + length > len(data):
                break
            payload = data[at + 40 : at + 40 + length]
            links[number] = sha(data[at + 8 : at + 40], payload).hex()
            leaves[number] = sha(b'\x00', payload)
            at, number = at + 40 + length, number + 1
    if journal is None and head['clean']:
        journal, links[head['number']] = head['journalId'], head['link']
    return journal, links, leaves


def check_lane(folder, lane, keys, good=None):
    """`good` is given the last event of each checkpoint that holds, where that event is there."""
    head_file = folder / 'heads' / f'{lane:02}.json'
    head = json.loads(head_file.read_text()) if head_file.exists() else {'clean': False}
    known = head.get('checkpoint') or {'number': 0}
    path = folder / 'checkpoints' / f'{lane:02}.jsonl'
    *lines, rest = path.read_bytes().split(b'\n') if path.exists() else [b'']
    journal, links, leaves = events(folder, lane, head)
    end = max(links, default=0)
    last, previous, used = 0, '0' * 64, []
    for number, text in enumerate(lines, 1):
        need(len(text) <= 1024, 'too long a line')
        c, name = read_checkpoint(text.decode('ascii'), keys)
        used += [c['key']] if used[-1:] != [c['key']] else []
        need(len(set(used)) == len(used), f'checkpoint {number} is of a key that had been followed')
        need((c['journal'], c['lane'], c['number']) == (journal, lane, number), f'not checkpoint {number}')
        need(number == 1 or c['first'] == last + 1, f'checkpoint {number} leaves events out')
        need(c['previous'] == previous, f'checkpoint {number} does not follow')
        need(c['last'] <= end, f'the chain ends before checkpoint {number}')
        need(c['link'] == links.get(c['last'], c['link']), f'checkpoint {number} has another link')
        covered = [leaves.get(event) for event in range(c['first'], c['last'] + 1)]
        # Of events that were removed, no root can be made.
        need(None in covered or c['root'] == root(covered).hex(), f'checkpoint {number} has another root')
        need(known['number'] != number or known['hash'] == name, f'the head knows another checkpoint {number}')
        last, previous = c['last'], name
        if good is not None and last in leaves:
            good.append(last)
    need(rest == b'' or not head['clean'], 'a line without an end, where the journal was closed')
    need(known['number'] <= len(lines), 'a checkpoint is missing that the head knows')
    return len(lines), last


def check_proof(path, keys):
    proof = json.loads(path.read_text())
    need(list(proof) == ['version', 'number', 'payload', 'path', 'checkpoint'] and proof['version'] == 1, 'no proof')
    c, _ = read_checkpoint(json.dumps(proof['checkpoint'], separators=(',', ':')), keys)
    number, payload = proof['number'], proof['payload'].encode()
    need(c['first'] <= number <= c['last'], 'the event is not of this checkpoint')
    hashes = [bytes.fromhex(each) for each in proof['path']]
    leaf = sha(b'\x00', payload)
    found = root_from_path(leaf, number - c['first'], c['last'] - c['first'] + 1, hashes)
    need(found.hex() == c['root'], 'the path leads to another root')
    need(json.loads(payload)['n'] == number, 'the payload is of another event')
    return json.loads(payload)['e']['id']


def check(path, keys):
    whole = True
    if path.is_file():
        try:
            print(f'{path}: proves {check_proof(path, keys)}')
        except (Broken, ValueError, KeyError, TypeError) as error:
            print(f'{path}: broken: {error}')
            return False
        return True
    try:
        keys = follow(keys, path / 'checkpoints' / 'successions.jsonl')
    except (Broken, ValueError, KeyError, TypeError) as error:
        print(f'{path}: broken: {error}')
        return False
    names = [each.name for each in path.iterdir()]
    names += [each.stem for folder in ('heads', 'checkpoints') for each in path.glob(f'{folder}/*.json*')]
    for lane in sorted({int(name) for name in names if re.fullmatch(r'\d\d', name)}):
        try:
            count, last = check_lane(path, lane, keys)
            print(f'{path}: lane {lane:02} {count} checkpoints up to event {last}')
        except (Broken, ValueError, KeyError, TypeError) as error:
            print(f'{path}: lane {lane:02} broken: {error}')
            whole = False
    return whole


if __name__ == '__main__':
    KEYS = read_keys(Path(sys.argv[1]).read_text())
    sys.exit(0 if all([check(Path(name), KEYS) for name in sys.argv[2:]]) else 1)
