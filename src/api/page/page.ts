import { PAGE_PATH } from '../../contract/routes.ts'
import type { Received } from '../received.ts'
import { type Reply, textReply } from '../reply.ts'
import { MethodRefused, matched } from '../route.ts'
import { PAGE_HTML } from './html.ts'
import { PAGE_SCRIPT } from './script.ts'
import { PAGE_STYLE } from './style.ts'

/**
 * What the page may do in a browser: its own script and style, calls to its own origin, and nothing else. No
 * text becomes markup or script by any road (`trusted-types 'none'`), and no other page shows it in a frame.
 */
const POLICY: string = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

/**
 * The page behind the link of a denial, its script and its style. The same for every request, those that are
 * not there included: it knows nothing before a person has given it a token. Undefined for other paths.
 */
export function answerPage({ method, path }: Received): Reply | undefined {
  const reply = pageAt(path)
  if (reply !== undefined && method !== 'GET' && method !== 'HEAD') throw new MethodRefused('GET, HEAD')
  return reply
}

function pageAt(path: string): Reply | undefined {
  if (path === '/r/page.js') return textReply(200, PAGE_SCRIPT, 'text/javascript; charset=utf-8')
  if (path === '/r/page.css') return textReply(200, PAGE_STYLE, 'text/css; charset=utf-8')
  if (matched(PAGE_PATH, path) === undefined) return undefined
  const html = textReply(200, PAGE_HTML, 'text/html; charset=utf-8')
  return {
    ...html,
    headers: {
      ...html.headers,
      'content-security-policy': POLICY,
      'cross-origin-opener-policy': 'same-origin',
      'permissions-policy': 'camera=(), geolocation=(), microphone=()',
    },
  }
}
