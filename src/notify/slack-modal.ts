import type { View } from '@slack/web-api'
import type { AccessRequest } from '../grants/model.ts'
import { code } from './slack-text.ts'

export const DENY_VIEW = 'sallyport.deny'
/** Of the input's block and of the input in it. */
export const REASON_ID = 'reason'
const REASON_CHARS = 1_000

/** The dialog that asks why: the one who asked reads it. */
export function denyView(request: AccessRequest): View {
  const plain = (text: string) => ({ type: 'plain_text' as const, text, emoji: false })
  return {
    type: 'modal',
    callback_id: DENY_VIEW,
    private_metadata: request.id,
    title: plain('Deny the request'),
    submit: plain('Deny'),
    close: plain('Back'),
    blocks: [
      {
        type: 'section',
        text: {
          type: 'mrkdwn',
          verbatim: true,
          text: `${code(request.id)} by ${code(request.requester.subject, 200)}\n${code(request.call?.commandLine ?? 'standing access', 1_000)}`,
        },
      },
      {
        type: 'input',
        block_id: REASON_ID,
        label: plain('Reason'),
        hint: plain('Whoever asked reads it.'),
        element: {
          type: 'plain_text_input',
          action_id: REASON_ID,
          multiline: true,
          min_length: 1,
          max_length: REASON_CHARS,
        },
      },
    ],
  }
}
