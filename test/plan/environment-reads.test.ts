import t from 'tap'
import { digestOfText } from '../../src/base/digest.ts'
import { environmentReads, movedReads } from '../../src/plan/environment-reads.ts'

const READ = new Map([
  ['FLOWRUN_VAR_tier', false],
  ['PIN', true],
  ['TOKEN', true],
  ['UNSET', true],
])
const ENVIRONMENT = { FLOWRUN_VAR_tier: 'large', PIN: '4711', TOKEN: 'canary' }
const APPLY_ID = '01J9ZK3W8QXAMPLE'

t.test('REL-11: a saved plan knows which variables of the process environment have moved', async t => {
  const reads = environmentReads(READ, ENVIRONMENT, APPLY_ID)
  const moved = (changes: Readonly<Record<string, string | undefined>>) => movedReads(reads, { ...ENVIRONMENT, ...changes }, APPLY_ID)
  t.same(moved({}), [])
  t.same(moved({ OTHER: 'x' }), [], 'what was not read does not count')
  t.same(moved({ FLOWRUN_VAR_tier: 'small' }), [['FLOWRUN_VAR_tier']])
  t.same(moved({ UNSET: 'now set' }), [['UNSET']])
  t.same(moved({ TOKEN: 'another' }), [['PIN', 'TOKEN']], 'one of them')
  t.same(moved({ PIN: undefined, FLOWRUN_VAR_tier: undefined }), [['FLOWRUN_VAR_tier'], ['PIN', 'TOKEN']])
})

t.test('SEC-2: no digest of a sensitive value by itself is kept, and none is the same in two plans', async t => {
  const text = JSON.stringify(environmentReads(READ, ENVIRONMENT, APPLY_ID))
  for (const value of ['4711', 'canary']) t.notMatch(text, digestOfText(value))
  const alone = (applyId: string) => environmentReads(new Map([['PIN', true]]), ENVIRONMENT, applyId).sensitiveEnvironment?.fingerprint
  t.equal(alone('a'), alone('a'))
  t.not(alone('a'), alone('b'))
  t.equal(environmentReads(READ, {}, APPLY_ID).sensitiveEnvironment, undefined, 'what is not set has nothing to hide')
})
