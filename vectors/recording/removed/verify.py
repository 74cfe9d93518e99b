"""A second verifier of journals from which segments were removed, from the two others and docs/recording-format.md.

python3 verify.py PUBLIC.pem FOLDER...: each FOLDER is a data/journal. Prints a line for each lane; exit code 1 if one
does not hold.
"""

import importlib.util
import sys
from pathlib import Path


def load(name):
    path = Path(__file__).resolve().parents[2] / name / 'verify.py'
    spec = importlib.util.spec_from_file_location(name.replace('/', '_'), path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


chain = load('journal')
signed = load('recording/checkpoints')


def check(folder, keys):
    lanes, good = chain.lanes_of(folder), {}
    for lane in lanes:
        good[lane.lane] = []
        try:
            signed.check_lane(folder, lane.lane, keys, good[lane.lane])
        except (signed.Broken, ValueError, KeyError, TypeError) as error:
            lane.broken = lane.broken or str(error)
            # What stands behind the place where it breaks says nothing any more.
            last = max(good[lane.lane], default=0)
            lane.removals = [each for each in lane.removals if each[1] <= last]

    def shown(lane, number, gap):
        """Signed: by a checkpoint that ends behind the removal and before the next gap."""
        until = lane.gaps[gap][2][0] if gap < len(lane.gaps) else lane.number
        if any(number <= last <= until for last in good[lane.lane]):
            return True
        return gap if gap < len(lane.gaps) else None

    chain.judge(lanes, shown)
    for lane in lanes:
        removed = sum(after[0] - before[0] for _, _, before, after in lane.gaps)
        answer = f'whole {lane.number}, {removed} removed' if lane.broken is None else f'broken: {lane.broken}'
        print(f'{folder}: lane {lane.lane:02} {answer}')
    return all(lane.broken is None for lane in lanes)


if __name__ == '__main__':
    KEYS = signed.read_keys(Path(sys.argv[1]).read_text())
    sys.exit(0 if all([check(Path(name), KEYS) for name in sys.argv[2:]]) else 1)
