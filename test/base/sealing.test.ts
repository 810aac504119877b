import { createSecretKey, randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { canonicalJson } from '../../src/base/canonical-json.ts'
import type { JsonObject } from '../../src/base/json.ts'
import { open, parseEnvelope, type SealingKey, seal } from '../../src/base/sealing.ts'

const PLACE = { project: 'support', environment: 'prod' }
const LABEL = { lineage: '01J9ZK3W8Q', serial: 7 }

function newKey(bytes: Buffer = randomBytes(32)): SealingKey {
  return { key: createSecretKey(bytes), source: { provider: 'kms', key_id: 'alias/flowrun', data_key: randomBytes(64).toString('base64') } }
}

/** What a reader gets: the plain bytes, or the reason that there are none. */
function opened(text: string, { key }: SealingKey, bound: JsonObject = PLACE): Buffer | string {
  const parsed = parseEnvelope(text)
  return parsed.kind === 'sealed' ? (open(parsed.envelope, key, bound) ?? 'refused') : parsed.kind
}

t.test('what is sealed opens again, whatever its bytes are', async t => {
  const key = newKey()
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4000 }), plain => {
      const found = opened(seal(plain, key, LABEL, PLACE), key)
      return Buffer.isBuffer(found) && found.equals(plain)
    }),
  )
  t.equal(opened(seal('Grüße 👋', key, {}, {}), key, {}).toString(), 'Grüße 👋', 'text is sealed as UTF-8')
})

t.test('a text with any byte changed is refused', async t => {
  const key = newKey()
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), fc.nat(), fc.integer({ min: 1, max: 255 }), (plain, at, flip) => {
      const bytes = Buffer.from(seal(plain, key, LABEL, PLACE))
      const index = at % bytes.length
      bytes.writeUInt8(bytes.readUInt8(index) ^ flip, index)
      return !Buffer.isBuffer(opened(bytes.toString('latin1'), key))
    }),
    { numRuns: 2000 },
  )
  const text = seal('a prompt', key, LABEL, PLACE)
  const kept = Array.from(text, (_, index) => index).filter(index => {
    const other = text[index] === 'A' ? 'B' : 'A'
    return Buffer.isBuffer(opened(text.slice(0, index) + other + text.slice(index + 1), key))
  })
  t.same(kept, [], 'at no place can a letter be another')
})

t.test('a text opens only in its own place, under its own key, with its own label', async t => {
  const key = newKey()
  const text = seal('a prompt', key, LABEL, PLACE)
  t.equal(opened(text, newKey()), 'refused', 'another key')
  t.equal(opened(text, key, { ...PLACE, environment: 'dev' }), 'refused', 'moved to another environment')
  t.equal(opened(canonicalJson({ ...JSON.parse(text), serial: 8 }), key), 'refused', 'passed off as a later one')
  t.equal(opened(canonicalJson({ ...JSON.parse(text), more: true }), key), 'refused', 'with something added')
})

t.test('the envelope shows its label and the source of its key, and nothing of the text', async t => {
  const key = newKey()
  const text = seal('a prompt', key, LABEL, PLACE)
  t.same(Object.keys(JSON.parse(text)), ['ciphertext', 'format', 'key', 'lineage', 'nonce', 'serial'])
  const parsed = parseEnvelope(text)
  t.match(parsed, { kind: 'sealed', envelope: { label: LABEL, source: key.source, format: 'flowrun.sealed/1' } })
  t.not(seal('a prompt', key, LABEL, PLACE), text, 'two seals of one text have nothing in common')
})

t.test('a key is printed by nothing', async t => {
  const bytes = Buffer.from('0123456789abcdef0123456789abcdef')
  const key = newKey(bytes)
  const printed = inspect(key, { depth: 9, showHidden: true }) + JSON.stringify(key) + String(key.key)
  for (const form of ['utf8', 'hex', 'base64'] as const) t.notMatch(printed, bytes.toString(form).slice(0, 8))
})

t.test('VER-1: what is not sealed, sealed by a newer flowrun or badly sealed is told apart', async t => {
  const sealed = JSON.parse(seal('a prompt', newKey(), {}, {}))
  const kindOf = (text: string) => parseEnvelope(text).kind
  for (const text of ['', '[]', 'null', '{"format":', '{"format":"flowrun.state/1"}', '{"format":1}']) t.equal(kindOf(text), 'plain', text)
  t.same(parseEnvelope('{"format":"flowrun.sealed/2","body":1}'), { kind: 'newer', format: 'flowrun.sealed/2' })
  const mistakes = [
    { nonce: 'AAAA' },
    { nonce: `${sealed.nonce}=` },
    { ciphertext: 'AAAA' },
    { ciphertext: 7 },
    { serial: '\ud800' },
    { key: null },
    { key: { provider: 'vault' } },
    { key: { provider: 'kms', key_id: 'k', data_key: '*' } },
    { key: { provider: 'passphrase', salt: 'AAAA', n: '1', r: 8, p: 1 } },
  ]
  for (const mistake of mistakes) t.equal(kindOf(JSON.stringify({ ...sealed, ...mistake })), 'malformed', JSON.stringify(mistake))
})
