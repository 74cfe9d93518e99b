/**
 * The page's script. It shows nothing before a token was given, keeps the token in this variable alone, and
 * writes what others wrote as text: never as markup, and with every character that hides or turns the
 * direction of writing spelt out, because somebody decides by what they see here.
 */
export const PAGE_SCRIPT: string = String.raw`'use strict'
;(() => {
  const id = location.pathname.slice('/r/'.length)
  const path = '/v1/requests/' + id
  const at = name => document.getElementById(name)
  let token = ''
  let shown
  let turn = 0

  const STATES = {
    pending: 'waits for an answer', approved: 'approved', denied: 'denied',
    expired: 'expired', spent: 'used up', revoked: 'revoked',
  }

  const hidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
  const visible = text => String(text).replace(hidden, each => '\\u{' + each.codePointAt(0).toString(16) + '}')
  const lines = text => text.split('\n').map(visible).join('\n')

  const call = async (method, target, body) => {
    const response = await fetch(target, {
      method,
      headers: { authorization: 'Bearer ' + token, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
      cache: 'no-store', credentials: 'omit', redirect: 'error', referrerPolicy: 'no-referrer',
    })
    const reply = await response.json().catch(() => {
      throw new Error('The gate did not answer as it should. Load the page again.')
    })
    if (response.ok) return reply
    const error = new Error(reply.message + '. ' + reply.advice)
    error.status = response.status
    throw error
  }

  const say = (where, text) => { at(where).textContent = visible(text) }
  const quiet = () => { say('notice', ''); say('trouble', '') }

  const UNITS = [['day', 86400000], ['hour', 3600000], ['minute', 60000], ['second', 1000]]
  const duration = ms => {
    const parts = []
    let left = ms
    for (const [name, unit] of UNITS) {
      const count = Math.floor(left / unit)
      left -= count * unit
      if (count > 0) parts.push(count + ' ' + name + (count === 1 ? '' : 's'))
    }
    return parts.slice(0, 2).join(' ') || 'no time'
  }
  const time = ms => new Date(ms).toLocaleString([], { dateStyle: 'medium', timeStyle: 'long' })
  const uses = count => count === undefined ? 'any number of times' : count === 1 ? 'once' : count + ' times'

  const row = (label, ...values) => {
    const present = values.flat().filter(value => value !== undefined && value !== '')
    if (present.length === 0) return
    const term = document.createElement('dt')
    term.textContent = label
    const description = document.createElement('dd')
    for (const value of present) {
      const line = document.createElement('p')
      line.textContent = visible(value)
      description.append(line)
    }
    at('facts').append(term, description)
  }

  const demand = each =>
    each.from.join(' or ') + ': ' + each.approvals + ' of ' + each.count + ' approved (statement ' +
    each.statement + ' of ' + each.policy + (each.reason ? ': ' + each.reason : '') + ')'
  const resource = each =>
    each.resource + Object.entries(each.facts).map(([name, value]) => ', ' + name + ' ' + value).join('')
  const approval = each =>
    each.name + ' (' + each.by + '), ' + time(each.atMs) + (each.comment ? ': ' + each.comment : '')
  const ended = each =>
    each.name + ' (' + each.by + '), ' + time(each.atMs) + (each.reason ? ': ' + each.reason : '')
  const streamed = body => body && (body.bytes + ' bytes, ' + (body.sha256
    ? 'SHA-256 ' + body.sha256
    : 'whose content the approval does not cover: the client has not signed it'))
  const granted = grant => grant && (uses(grant.usesLeft) + ' more, until ' + time(grant.expiresAtMs))

  const showFacts = view => {
    const { requester, call: asked, scope } = view
    at('facts').replaceChildren()
    row('Who', requester.arn)
    row('Known as', requester.subject + ', by ' + requester.issuer, requester.sourceIdentity)
    row('Acting for', requester.actingFor)
    row('Role', view.role.arn)
    row('Region', asked && asked.region)
    row('Reason', view.reason)
    row('Permissions', asked ? asked.pairs.map(pair => pair.action + ' on ' + pair.resource) : [])
    row('Resources', asked ? asked.resources.map(resource) : scope ? scope.resources : [])
    row('Body', asked && streamed(asked.body))
    row('Asked of', view.demands.map(demand))
    row('For', uses(view.uses) + ', within ' + duration(view.validForMs) + ' of the approval')
    row('Asked', time(view.askedAtMs))
    row('Open until', view.state === 'pending' ? time(view.openUntilMs) : undefined)
    row('Approved by', view.approvals.map(approval))
    row('Left', view.state === 'approved' ? granted(view.grant) : undefined)
    row(view.state === 'revoked' ? 'Revoked by' : 'Denied by', view.ended && ended(view.ended))
    row('Note', view.brokeGlass ? 'It passed without an approval, by a break-glass statement.' : undefined)
  }

  const showForms = view => {
    at('approve').hidden = !view.may.approve
    at('deny').hidden = !view.may.deny
    at('revoke').hidden = !view.may.revoke
    at('revoke-title').textContent = view.state === 'pending' ? 'Take back' : 'Revoke'
    at('why').hidden = view.state !== 'pending' || view.may.approve || view.may.why === undefined
    say('why', 'You cannot approve this: ' + (view.may.why ?? ''))
  }

  const setLimits = view => {
    const most = { uses: view.uses, minutes: Math.floor(view.validForMs / 60000) }
    for (const name of ['uses', 'minutes']) {
      if (most[name] === undefined || most[name] < 1) { at(name).value = ''; continue }
      at(name).max = String(most[name])
      at(name).value = String(most[name])
    }
  }

  const show = view => {
    const isFirst = shown === undefined
    shown = view
    const { call: asked, scope } = view
    at('state').hidden = false
    at('state').textContent = STATES[view.state]
    at('what').textContent = asked ? visible(asked.service + ' ' + asked.operation) : 'Standing access'
    at('command').textContent = asked ? lines(asked.commandLine) : scope ? lines(scope.actions.join('\n')) : ''
    at('more').hidden = asked === undefined
    at('parameters').textContent = asked ? lines(JSON.stringify(asked.parameters, null, 2)) : ''
    showFacts(view)
    showForms(view)
    if (isFirst) setLimits(view)
    at('sign-in').hidden = true
    at('request').hidden = false
    at('forget').hidden = false
  }

  const forget = () => {
    token = ''
    turn += 1
    shown = undefined
    for (const name of ['command', 'parameters', 'what', 'state', 'why']) at(name).textContent = ''
    at('facts').replaceChildren()
    for (const name of ['request', 'approve', 'deny', 'revoke', 'state', 'forget', 'why']) at(name).hidden = true
    at('sign-in').hidden = false
  }

  const fail = error => {
    if (error.status === 401) forget()
    say('trouble', error.message)
  }

  const pause = ms => new Promise(resolve => setTimeout(resolve, ms))

  const watch = async own => {
    while (own === turn && shown && (shown.state === 'pending' || shown.state === 'approved')) {
      try {
        const view = await call('GET', path + '?wait=50&since=' + shown.version)
        await pause(1000)
        if (own !== turn || view.version === shown.version) continue
        const before = shown.state
        show(view)
        if (view.state !== before) say('notice', 'The request is ' + STATES[view.state] + ' now.')
      } catch (error) {
        if (own !== turn) return
        if (error.status === 401 || error.status === 404) return fail(error)
        await pause(5000)
      }
    }
  }

  const submitted = (name, work) => {
    at(name).addEventListener('submit', async event => {
      event.preventDefault()
      quiet()
      const button = at(name).querySelector('button')
      button.disabled = true
      try {
        await work()
      } catch (error) {
        fail(error)
      } finally {
        button.disabled = false
      }
    })
  }

  const answer = (name, body, done) => submitted(name, async () => {
    show(await call('POST', path + '/' + name, body()))
    say('notice', done)
    at('title').focus()
  })

  const least = (name, most, factor) => {
    const value = at(name).value
    return value === '' || value === String(most) ? undefined : Number(value) * factor
  }

  submitted('sign-in', async () => {
    token = at('token').value.trim()
    at('token').value = ''
    turn += 1
    show(await call('GET', path))
    at('title').focus()
    watch(turn)
  })
  answer('approve', () => ({
    uses: least('uses', shown.uses, 1),
    validForMs: least('minutes', Math.floor(shown.validForMs / 60000), 60000),
    comment: at('comment').value.trim() || undefined,
  }), 'Your approval is recorded.')
  answer('deny', () => ({ reason: at('deny-reason').value }), 'The request is denied.')
  answer('revoke', () => ({ reason: at('revoke-reason').value }), 'It is ended: nothing passes by it any more.')

  at('forget').addEventListener('click', () => { forget(); quiet(); at('token').focus() })
  addEventListener('pagehide', forget)
  at('number').textContent = id
  at('token').focus()
})()
`
