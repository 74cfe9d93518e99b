import type { StatementMasks } from './masks.ts'
import type { SqlRooms, TextDetector } from './ports.ts'

/** All that is to be found in the values of a statement, as one; undefined where nothing is. */
export function detectorOf(
  { detects }: Pick<StatementMasks, 'detects'>,
  rooms: Pick<SqlRooms, 'detector'>,
): TextDetector | undefined {
  const all = detects.map(({ names, as }) => rooms.detector(names, as))
  const [first, other] = all
  if (first === undefined || other === undefined) return first
  return {
    mask(before) {
      let text = before
      let count = 0
      for (const each of all) {
        const found = each.mask(text)
        text = found.text
        count += found.count
      }
      return { text, count }
    },
  }
}
