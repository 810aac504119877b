import fc from 'fast-check'
import t from 'tap'
import type { DetectorSpec } from '../../src/artifact/guard.ts'
import { digestOf } from '../../src/base/digest.ts'
import type { CallEvent, GuardTarget, LayerResult } from '../../src/gateway/call.ts'
import { CallFailure } from '../../src/gateway/failure.ts'
import { longestMatch } from '../../src/gateway/guards/pattern-length.ts'
import { createPlaceholders } from '../../src/gateway/guards/placeholders.ts'
import { createWindow } from '../../src/gateway/guards/window.ts'
import { createPipeline } from '../../src/gateway/pipeline.ts'
import { systemTimers } from '../../src/gateway/timers.ts'
import { modelTarget, providerSpec } from '../support/artifacts.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { callTo } from '../support/gateway.ts'

const target = modelTarget(providerSpec({ type: 'openai' }), { retry: { max_attempts: 1, initial_ms: 0, max_ms: 0, on: [] } })

function guard(name: string, ...detectors: readonly DetectorSpec[]): GuardTarget {
  const address = `guard.${name}`
  return { address, digest: digestOf(address), spec: { detectors, on_error: 'block' }, judges: new Map() }
}

const pii = (action: 'block' | 'redact', types = ['card', 'email', 'phone'] as const): DetectorSpec => ({
  type: 'pii',
  action,
  types,
  reversible: false,
})
const deny = (action: 'block' | 'redact', ...patterns: readonly string[]): DetectorSpec => ({
  type: 'pattern',
  action,
  allow: [],
  deny: patterns,
})

/** What a model says in pieces: as a watcher sees it, and as the result has it. */
async function ask(pieces: readonly string[], guards: readonly GuardTarget[], isStreamed = true) {
  const events: CallEvent[] = []
  /** What had been told before the answer was whole. */
  let early = ''
  const toldNow = () => events.map(event => (event.type === 'text-delta' ? event.text : '')).join('')
  const clock = createFakeClock()
  const call = createPipeline({ clock, timers: systemTimers, random: () => 0 }, async ({ onEvent, target }): Promise<LayerResult> => {
    onEvent?.({ type: 'text-start' })
    for (const text of pieces) onEvent?.({ type: 'text-delta', text })
    onEvent?.({ type: 'text-end' })
    early = toldNow()
    const text = pieces.join('')
    const facts = { toolCalls: [], finishReason: 'stop', simulated: false, warnings: [], usage: null, costNano: 0, modelId: 'x' } as const
    return { ...facts, text, output: text, target }
  })
  const request = callTo(target, isStreamed ? { onEvent: event => events.push(event) } : {})
  const ended = await call({ ...request, policy: { ...request.policy, outputGuards: guards } }).catch((error: unknown) => error)
  const failure = ended instanceof CallFailure ? ended : undefined
  if (ended instanceof Error && failure === undefined) throw ended
  const result = failure || ended instanceof Error ? undefined : (ended as Awaited<ReturnType<typeof call>>)
  const verdicts = (result?.history ?? failure?.details.history)?.verdicts ?? []
  return { events, streamed: toldNow(), early, text: result?.text, blocked: failure?.details.refusedBy, verdicts, result }
}

const LONG = 'The parcel has left the warehouse and is on its way. '.repeat(60)
const cut = (text: string, size: number) => text.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g')) ?? []

t.test('GW-5: patterns and personal data hold a stream back by a window, and the result says so', async t => {
  const answer = `${LONG}Write to ann@example.com. ${LONG}`
  const { events, early, streamed, text, result } = await ask(cut(answer, 20), [guard('mail', pii('redact'))])
  t.ok(early.length > answer.length / 2, 'most of it is told while the rest is still being written')
  t.equal(streamed, text)
  t.equal(text, answer.replace('ann@example.com', '[EMAIL_1]'))
  t.same([events[0]?.type, events.at(-1)?.type, events.filter(({ type }) => type === 'text-start').length], ['text-start', 'text-end', 1])
  t.equal(result?.history.streamHeld, true)
})

t.test('a match across the edge of pieces is found, wherever it is cut', async t => {
  const guards = [guard('both', pii('redact'), deny('redact', 'internal use only'))]
  const said = 'ann@example.com is for internal use only, call 4111 1111 1111 1111. '
  for (let size = 1; size < 40; size++) {
    const { streamed } = await ask(cut(`${LONG}${said}${LONG}`, size), guards)
    t.equal(streamed, `${LONG}[EMAIL_1] is for [PATTERN_1], call [CARD_1]. ${LONG}`, `pieces of ${size}`)
  }
})

t.test('what is blocked is never told, nor what comes after it', async t => {
  const answer = `${LONG}${LONG}It is ann@example.com. ${LONG}${LONG}`
  const { streamed, blocked } = await ask(cut(answer, 30), [guard('strict', pii('block'))])
  t.equal(blocked, 'guard.strict')
  t.ok(streamed.length > 1000 && answer.startsWith(streamed))
  t.notMatch(streamed, /ann/)
  const tooLong = await ask(cut(answer, 30), [guard('short', { type: 'length', action: 'block', max_chars: 1500 })])
  t.equal(tooLong.blocked, 'guard.short')
  t.ok(tooLong.streamed.length > 0 && tooLong.streamed.length <= 1500)
})

t.test('the whole is held where a guard has to see it', async t => {
  const schema = guard('json', { type: 'json', action: 'block' })
  const key = guard('keys', { type: 'secrets', action: 'redact', threshold: 0.5 })
  for (const held of [
    schema,
    key,
    guard('endless', deny('redact', 'a.*b')),
    guard('long', { type: 'length', action: 'block', min_chars: 5 }),
  ]) {
    const { early } = await ask(cut(LONG, 50), [held])
    t.equal(early, '', held.address)
  }
})

t.test('a sign of two units is told whole, wherever the window ends', async t => {
  for (const offset of ['', 'x']) {
    const { events, streamed, text } = await ask(cut(offset + '😀'.repeat(1000), 7), [guard('word', deny('redact', 'secret'))])
    for (const event of events) if (event.type === 'text-delta') t.ok(event.text.isWellFormed())
    t.equal(streamed, text)
  }
})

t.test('a text is read a bounded number of times, however long it is and in however many pieces it comes', t => {
  let read = 0
  const look = (text: string) => {
    read += text.length
    return []
  }
  const window = createWindow([{ reach: 100, look, wordFor: undefined }], createPlaceholders(), () => {})
  for (let at = 0; at < 1_000_000; at += 20) window.push('twenty characters … ')
  t.ok(read < 50_000_000, `${read} characters were read`)
  t.ok(window.told().length > 900_000)
  t.end()
})

t.test('how long a match of a pattern can be', t => {
  for (const [pattern, text] of [
    ['(?i)internal use only', 'INTERNAL USE ONLY'],
    ['[A-Z]{2,4}-\\d{6}', 'ABCD-123456'],
    ['(ab|c){3}', 'ababab'],
    ['.{1,9}', '😀'.repeat(9)],
    ['colou?r', 'colour'],
  ] as const)
    t.ok((longestMatch(pattern) ?? 0) > text.length, pattern)
  for (const pattern of ['a.*b', 'x+', 'end$', 'a{3,}', '\\d+', '(?:.{999}){999}', '\\z'])
    t.equal(longestMatch(pattern), undefined, pattern)
  t.end()
})

const PIECES = [
  'ann@example.com',
  'b.b@sub.example.org',
  '4111 1111 1111 1111',
  '+49 30 901820',
  'internal use only',
  'internal use',
  '[EMAIL_1]',
  ' ',
  '. ',
  'and',
  '1234 ',
  '@',
  'é😀',
  LONG.slice(0, 200),
  LONG.slice(0, 400),
  LONG.slice(5, 600),
]

t.test('GW-5: whatever is said in whatever pieces, what is streamed is the guarded whole, and verdicts are the same', async t => {
  const answers = fc.array(fc.constantFrom(...PIECES), { maxLength: 90 }).map(parts => parts.join(''))
  const setups = fc.constantFrom(
    [guard('a', pii('redact'))],
    [guard('b', pii('redact'), deny('redact', 'internal use( only)?', 'use'))],
    [guard('c', deny('redact', 'a(nd|nn)'), pii('redact'))],
    [guard('d', pii('redact', ['card', 'email', 'phone'])), guard('e', deny('block', 'internal use only'))],
    [guard('f', pii('block'))],
  )
  await fc.assert(
    fc.asyncProperty(answers, setups, fc.integer({ min: 1, max: 90 }), async (answer, guards, size) => {
      const [whole, windowed] = [await ask([answer], guards, false), await ask(cut(answer, size), guards)]
      t.equal(windowed.blocked, whole.blocked)
      t.same(windowed.verdicts, whole.verdicts)
      if (whole.blocked === undefined) {
        // Numbers count what was seen so far: a word that is written later is not known yet.
        const plain = (text: string | undefined) => text?.replace(/\[([A-Z]+)_\d+\]/g, '[$1]')
        if (plain(windowed.text) !== plain(whole.text) || windowed.streamed !== (windowed.text ?? ''))
          throw new Error(`${windowed.streamed} ≠ ${whole.text}`)
      }
    }),
    { numRuns: 150 },
  )
})
