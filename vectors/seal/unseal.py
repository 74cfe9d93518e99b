"""A second reader of Sallyport's sealed recordings, written from docs/recording-format.md and nothing else.

python3 unseal.py MASTER.json FOLDER [NAME=STREAM...]: FOLDER is a data/journal whose chain verify.py of vectors/journal has
proven, MASTER.json a master key in a file, STREAM a sealed stream and NAME what it is bound to. Prints each event as it
was before it was sealed, a line each; of what was shredded what is left, and of each stream the SHA-256 of what it holds.
Exit code 1 where something does not open. AES and GHASH are the textbook's, a bit at a time: nothing has to be installed.
"""

import base64
import hashlib
import hmac
import json
import re
import struct
import sys
from pathlib import Path


class Broken(Exception):
    pass


def need(condition, reason):
    if not condition:
        raise Broken(reason)


def xtime(a):
    return ((a << 1) ^ 0x1B) & 0xFF if a & 0x80 else a << 1


def make_sbox():
    """FIPS 197, 5.1.1: the inverse in GF(2^8), by powers of 3, and an affine map."""
    power, log, x = [], {}, 1
    for i in range(255):
        power.append(x)
        log[x] = i
        x ^= xtime(x)
    box = []
    for a in range(256):
        b = power[-log[a] % 255] if a else 0
        c = 0x63
        for turn in range(5):
            c ^= ((b << turn) | (b >> (8 - turn))) & 0xFF
        box.append(c)
    return box


SBOX = make_sbox()


def expand(key):
    words = [list(key[i : i + 4]) for i in range(0, 32, 4)]
    rcon = 1
    for i in range(8, 60):
        word = list(words[-1])
        if i % 8 == 0:
            word = [SBOX[b] for b in word[1:] + word[:1]]
            word[0] ^= rcon
            rcon = xtime(rcon)
        elif i % 8 == 4:
            word = [SBOX[b] for b in word]
        words.append([a ^ b for a, b in zip(words[i - 8], word)])
    return [sum(words[i : i + 4], []) for i in range(0, 60, 4)]


def encrypt_block(rounds, block):
    state = [a ^ b for a, b in zip(block, rounds[0])]
    for number, key in enumerate(rounds[1:], 1):
        state = [SBOX[state[(i + 4 * (i % 4)) % 16]] for i in range(16)]
        if number < 14:
            mixed = []
            for c in range(0, 16, 4):
                col = state[c : c + 4]
                every = col[0] ^ col[1] ^ col[2] ^ col[3]
                mixed += [col[i] ^ every ^ xtime(col[i] ^ col[(i + 1) % 4]) for i in range(4)]
            state = mixed
        state = [a ^ b for a, b in zip(state, key)]
    return bytes(state)


def ghash(h, *parts):
    y, data = 0, b''
    for part in parts:
        data += part + bytes(-len(part) % 16)
    data += struct.pack('>QQ', *(8 * len(part) for part in parts))
    for at in range(0, len(data), 16):
        x, z, v = y ^ int.from_bytes(data[at : at + 16], 'big'), 0, h
        for bit in range(127, -1, -1):
            if x >> bit & 1:
                z ^= v
            v = v >> 1 ^ (0xE1 << 120 if v & 1 else 0)
        y = z
    return y.to_bytes(16, 'big')


def open_gcm(key, nonce, body, tag, bound):
    """NIST SP 800-38D, 7.2."""
    rounds = expand(key)
    h = int.from_bytes(encrypt_block(rounds, bytes(16)), 'big')
    mask = encrypt_block(rounds, nonce + struct.pack('>I', 1))
    need(bytes(a ^ b for a, b in zip(ghash(h, bound, body), mask)) == tag, 'it does not open')
    stream = b''.join(
        encrypt_block(rounds, nonce + struct.pack('>I', 2 + i)) for i in range((len(body) + 15) // 16)
    )
    return bytes(a ^ b for a, b in zip(body, stream))


def open_box(key, box, bound):
    need(len(box) >= 28, 'a box has 28 bytes at least')
    return open_gcm(key, box[:12], box[12:-16], box[-16:], bound)


class Keys:
    def __init__(self, folder, master):
        self.folder = folder / 'keys'
        self.masters = {}
        for entry in json.loads(master.read_text())['keys']:
            key = base64.b64decode(entry['key'])
            ident = hashlib.sha256(b'sallyport master key 1' + key).digest()[:16]
            need(ident.hex() == entry['id'], 'the id of a master key is another')
            self.masters[ident] = key
        self.tenants = {}
        self.known = {}

    def tenant(self, lane, name, number):
        """The tenant's key; None if it was shredded."""
        if (lane, name, number) not in self.tenants:
            line = (self.folder / lane / 'tenants' / f'{name}.{number}.json').read_bytes()
            need(len(line) == 2048, 'the file of a tenant has 2,048 bytes')
            record = json.loads(line)
            need(record['tenant'] == name, 'the file is of another tenant')
            key = None
            if 'shredded' not in record:
                start = line[: line.index(b',"wrapped":')]
                wrapped = base64.b64decode(record['wrapped'], validate=True)
                bound = b'sallyport tenant key 1 %s.%d ' % (lane.encode(), number) + start
                key = open_box(self.masters[wrapped[:16]], wrapped[16:], bound)
            self.tenants[lane, name, number] = key
        return self.tenants[lane, name, number]

    def find(self, ident):
        """The content key; None if it was shredded."""
        if ident not in self.known:
            match = re.fullmatch(r'(\d\d)\.(\d{10})\.([1-9]\d{0,5})', ident)
            need(match, 'it names no key')
            lane, file, record = match.groups()
            with open(self.folder / lane / f'{file}.keys', 'rb') as keys:
                keys.seek(512 * int(record))
                line = keys.read(512)
            need(len(line) == 512 and line.endswith(b'\n'), 'the record of its key is not whole')
            self.known[ident] = self.unwrap(lane, ident, line)
        return self.known[ident]

    def unwrap(self, lane, ident, line):
        record = json.loads(line)
        if 'shredded' in record:
            return None
        wrapper = self.tenant(lane, record['tenant'], record['under'])
        if wrapper is None:
            return None
        start = line[: line.index(b',"wrapped":')]
        bound = b'sallyport content key 1 ' + ident.encode() + b' ' + start
        return open_box(wrapper, base64.b64decode(record['wrapped'], validate=True), bound)


def frames(path):
    data = path.read_bytes()
    lane, journal, at = struct.unpack_from('>H', data, 10)[0], data[24:40], 76
    while at < len(data):
        length = struct.unpack_from('>I', data, at + 4)[0]
        yield lane, journal, data[at + 40 : at + 40 + length]
        at += 40 + length


def opened(keys, lane, journal, payload):
    event = json.loads(payload)['e']
    sealed = event.pop('sealed', None)
    if sealed is None:
        return event
    key = keys.find(sealed['key'])
    if key is None:
        return {**event, 'shredded': True}
    text = payload[payload.index(b'"e":') + 4 : payload.rindex(b',"data":')]
    bound = b'sallyport sealed event 1' + journal + struct.pack('>H', lane) + text
    return {**event, **json.loads(open_box(key, base64.b64decode(sealed['data'], validate=True), bound))}


def open_stream(keys, data, name):
    need(data[:10] == b'SALLYBOX\x00\x01', 'it is no sealed stream')
    end = 12 + struct.unpack_from('>H', data, 10)[0]
    key = keys.find(data[12:end].decode())
    if key is None:
        return None
    prk = hmac.digest(data[end : end + 32], key, 'sha256')
    info = b'sallyport sealed stream 1' + data[:end] + name.encode()
    own = hmac.digest(prk, info + b'\x01', 'sha256')
    body, plain, chunk = data[end + 32 :], b'', 65536 + 16
    count = max(1, -(-len(body) // chunk))
    for number in range(count):
        part = body[number * chunk : (number + 1) * chunk]
        nonce = number.to_bytes(11, 'big') + bytes([number == count - 1])
        plain += open_gcm(own, nonce, part[:-16], part[-16:], b'')
    return plain


def main(master, folder, *streams):
    keys = Keys(Path(folder), Path(master))
    for lane in sorted(Path(folder).glob('[0-9][0-9]')):
        for segment in sorted(lane.glob('*.seg')):
            for number, journal, payload in frames(segment):
                print(json.dumps(opened(keys, number, journal, payload), sort_keys=True, ensure_ascii=False))
    for each in streams:
        name, path = each.split('=', 1)
        plain = open_stream(keys, Path(path).read_bytes(), name)
        print(f'{name} {"shredded" if plain is None else hashlib.sha256(plain).hexdigest()}')


if __name__ == '__main__':
    try:
        main(*sys.argv[1:])
    except (Broken, KeyError, ValueError, OSError) as error:
        print(f'broken: {error}')
        sys.exit(1)
