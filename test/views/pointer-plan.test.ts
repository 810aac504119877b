import t from 'tap'
import { digestOfText } from '../../src/base/digest.ts'
import type { RunState } from '../../src/engine/durable/record-store.ts'
import type { CostForecast, TokenCount } from '../../src/plan/plan.ts'
import type { PointerMove, PointerPlan } from '../../src/plan/pointer-plan.ts'
import type { Release } from '../../src/registry/release.ts'
import { afterRollback, promotedText, promoteText, rollbackText, rolledBackText, settledText } from '../../src/views/pointer-plan.ts'
import { pointerRefusal } from '../../src/views/pointer-refusal.ts'
import { plainStyle } from '../../src/views/style.ts'

const HOUR = 3_600_000
const digest = digestOfText('content')

const move = (address: string, before: number | null, after: number | null, more: Partial<PointerMove> = {}): PointerMove => ({
  address,
  before: before === null ? null : { version: before, digest },
  after: after === null ? null : { version: after, digest },
  ownerBefore: null,
  ownerAfter: null,
  usedBy: [],
  ...more,
})

const plan = (changes: Partial<PointerPlan>): PointerPlan => ({
  kind: 'rollback',
  environment: 'prod',
  applyId: '01JDC7K3M0ABCDEFGHJKMNPQRS',
  base: 16,
  moves: [],
  held: [],
  obstacles: [],
  broken: [],
  changeDigest: digest,
  ...changes,
})

const release = (number: number): Release => ({
  environment: 'prod',
  number,
  kind: 'rollback',
  applyId: '01JDC7K3M0ABCDEFGHJKMNPQRS',
  lineage: null,
  changeDigest: digest,
  restores: null,
  actor: 'ana',
  source: '',
  reason: '',
  createdAtMs: 0,
})

const held = (address: string, version: number) => ({ address, version, digest })

t.test('3.11 rollback', async t => {
  const one = plan({ moves: [move('prompt.answer', 8, 7, { usedBy: ['workflow.support'] })], held: [held('prompt.answer', 8)] })
  t.equal(
    rollbackText(one, 'keep', plainStyle),
    'Rollback of prod, release 16\n\n  ~ prompt.answer   @8 → @7\n      used by  workflow.support\n',
  )
  t.equal(rolledBackText(one, release(17)), 'Release 17 of prod. prompt.answer is @7; prompt.answer@8 is held.\n')
  t.equal(afterRollback(one), 'Until the configuration says otherwise, apply to prod is refused.\n')
  t.match(rolledBackText({ ...one, held: [] }, release(17)), 'prompt.answer is @7; nothing is held.')
})

t.test('HOLD-9: a rollback says what becomes of runs in flight, and what became of them', async t => {
  const one = (inFlight: number) => plan({ moves: [move('prompt.answer', 8, 7)], inFlight })
  t.match(rollbackText(one(2), 'keep', plainStyle), '\n      2 runs in flight finish on @8; new runs use @7\n')
  t.match(rollbackText(one(1), 'keep', plainStyle), '\n      1 run in flight finishes on @8; new runs use @7\n')
  t.match(rollbackText(one(1), 'pause', plainStyle), '\n      1 run in flight on @8 is paused; new runs use @7\n')
  t.match(rollbackText(one(0), 'cancel', plainStyle), /→ @7\n$/)
  const whole = plan({ restores: 14, moves: [move('prompt.answer', 8, 7), move('prompt.greet', 1, null)], inFlight: 1204 })
  t.match(rollbackText(whole, 'cancel', plainStyle), '\n      1,204 runs in flight on what it leaves are cancelled\n')
  const runs = (...states: RunState[]) => states.map(state => ({ state }))
  t.equal(settledText('keep', []), '')
  t.equal(settledText('pause', []), 'No run was in flight on what it left.\n')
  t.equal(settledText('pause', runs('paused', 'paused', 'failed')), '2 runs are paused. 1 run has ended before.\n')
  t.equal(settledText('cancel', runs('cancelled')), '1 run is cancelled.\n')
  t.equal(
    settledText('cancel', runs('cancelled', 'running', 'running')),
    '1 run is cancelled. 2 runs are being cancelled by the process that works on them.\n',
  )
})

t.test('a whole release says what comes back and what goes', async t => {
  const whole = plan({
    restores: 14,
    moves: [move('model.fast', 4, 3, { usedBy: ['prompt.answer'] }), move('prompt.greet', null, 2), move('prompt.new', 1, null)],
    held: [held('model.fast', 4), held('prompt.new', 1)],
  })
  t.equal(
    rollbackText(whole, 'keep', plainStyle),
    [
      'Rollback of prod, release 16, to what release 14 was',
      '',
      '  ~ model.fast     @4 → @3',
      '  + prompt.greet   @2        back from the archive',
      '  - prompt.new     @1        archived; release 14 did not have it',
      '',
    ].join('\n'),
  )
  t.equal(rolledBackText(whole, release(17)), 'Release 17 of prod. It is as release 14 was; model.fast@4 and prompt.new@1 are held.\n')
})

t.test('3.12 promote', async t => {
  const tokens = (fixed: number): TokenCount => ({ fixed, approximate: false, parts: [] })
  const cost = (nanoPerThousandCalls: number): CostForecast => ({
    nanoPerThousandCalls,
    basis: { kind: 'recorded', calls: 1204, days: 7, inputTokens: 812, outputTokens: 96 },
    modelAddress: 'model.fast',
    modelId: 'gpt-4o-mini',
  })
  const forecast = { tokensBefore: tokens(214), tokensAfter: tokens(216), costBefore: cost(179_400_000), costAfter: cost(179_700_000) }
  const promoted = plan({
    kind: 'promote',
    base: 17,
    source: { environment: 'dev', release: 22, same: 14, copied: 0 },
    moves: [move('prompt.answer', 7, 9, { forecast }), move('prompt.translate', null, 1)],
  })
  t.equal(
    promoteText(promoted, plainStyle),
    [
      'Promote dev@22 to prod, against prod@17',
      '',
      '  ~ prompt.answer      @7 → @9   +2 tokens, $0.1794 → $0.1797 per 1,000 calls (+0.2%)',
      '  + prompt.translate   @1',
      '    … 14 pointers are the same',
      '',
      'Promote: 1 to add, 1 to change, 0 to destroy. Nothing is copied.',
      '',
    ].join('\n'),
  )
  t.equal(promotedText(promoted, release(18)), 'Promote complete! Release 18 of prod: 1 added, 1 changed, 0 destroyed.\n')
})

t.test('HOLD-6: what does not fit is told with both ends and the two ways on; holds come before it', async t => {
  const broken = [{ address: 'workflow.w', version: 2, target: 'prompt.p', targetVersion: 1 }]
  const context = { command: 'flowrun rollback prompt.p -e prod', nowMs: 2 * HOUR, overridesHolds: false }
  const refusal = pointerRefusal(plan({ broken }), context)
  t.equal(refusal.code, 'release/incompatible')
  t.equal(
    refusal.detail,
    [
      '  workflow.w@2 refers to prompt.p@1',
      '',
      'They were never compiled against each other. Take the other end along, to where both last agreed, or leave it as it is on purpose:',
      '  flowrun rollback prompt.p -e prod --with-dependents',
      '  flowrun rollback prompt.p -e prod --force-incompatible REASON',
      'Nothing was changed.',
    ].join('\n'),
  )
  const hold = { environment: 'prod', address: 'prompt.p', digest, rollback: 12, reason: 'too long', actor: 'ana', createdAtMs: 0 }
  const obstacles = [{ ...held('prompt.p', 1), hold }]
  t.match(pointerRefusal(plan({ broken, obstacles }), context), {
    code: 'apply/held',
    summary: 'prompt.p@1 is held in prod',
    detail: /^ana rolled it back 2 h ago, in release 12: "too long"\n/,
  })
  t.equal(pointerRefusal(plan({ broken, obstacles }), { ...context, overridesHolds: true }).code, 'release/incompatible')
  const dangling = [{ address: 'workflow.w', version: 2, target: 'prompt.p', targetVersion: null }]
  t.equal(pointerRefusal(plan({ broken: dangling, obstacles }), context).code, 'release/dangling-reference')
})
