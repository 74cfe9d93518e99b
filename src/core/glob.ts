/**
 * Whether a pattern, in which `*` stands for any run of characters and `?` for one, matches a whole text. At most
 * (length of pattern) x (length of text) steps: going back to the last `*` is enough, as what an earlier one could
 * take more, the last can take in its place.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  let token = 0
  let at = 0
  let afterStar = -1
  let resume = 0
  while (at < text.length) {
    if (pattern[token] === '*') {
      afterStar = ++token
      resume = at
    } else if (pattern[token] === '?' || pattern[token] === text[at]) {
      token++
      at++
    } else if (afterStar >= 0) {
      token = afterStar
      at = ++resume
    } else {
      return false
    }
  }
  while (pattern[token] === '*') token++
  return token === pattern.length
}
