import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { OperationError } from '../../src/diagnostics/operation-error.ts'
import type { Registry } from '../../src/registry/registry.ts'
import { MODEL } from '../support/configuration.ts'
import { promoteTo, rollBack } from '../support/pointers.ts'
import { type TestProject, testProject } from '../support/project.ts'

const RUNS = Number(process.env.FLOWRUN_ROLLBACK_RUNS ?? 25)
// A run took 225 ms where other tests ran beside it.
t.setTimeout(180_000 + RUNS * 1000)

const ENVIRONMENTS = ['dev', 'prod'] as const

/** The texts of two prompts; an empty one is left out. */
const textArbitrary = fc.constantFrom('1', '2', '3', '')

const environment = fc.constantFrom(...ENVIRONMENTS)
const override = fc.boolean()

const stepArbitrary = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('apply' as const), environment, a: textArbitrary, b: textArbitrary, override }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('roll back' as const),
      environment,
      address: fc.constantFrom('prompt.a', 'prompt.b'),
      override,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('restore' as const), environment, number: fc.option(fc.integer({ min: 1, max: 4 })), override }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('promote' as const), environment, override }) },
)

type Step = typeof stepArbitrary extends fc.Arbitrary<infer T> ? T : never

/** By chance alone, none of a few histories may restore anything. */
const ALL_KINDS: Step[] = [
  { do: 'apply', environment: 'dev', a: '2', b: '1', override: false },
  { do: 'promote', environment: 'prod', override: false },
  { do: 'roll back', environment: 'dev', address: 'prompt.a', override: false },
  { do: 'restore', environment: 'dev', number: 2, override: true },
]

function textOf(a: string, b: string): string {
  const prompts = Object.entries({ a, b }).filter(([, text]) => text !== '')
  return `environment "dev" {}\nenvironment "prod" {}\n${MODEL}${prompts.map(([name, text]) => `prompt "${name}" {\n  model = model.fast\n  user  = "${text}"\n}\n`).join('')}`
}

async function take(project: TestProject, step: Step): Promise<void> {
  const overridden = step.override ? { overrideHold: 'on purpose' } : {}
  const { environment } = step
  switch (step.do) {
    case 'apply':
      project.write(textOf(step.a, step.b))
      await project.apply({ environment, authorship: { actor: 'ana', source: '', message: '', ...overridden } })
      return
    case 'roll back':
      await rollBack(project, step.address, { environment, ...overridden })
      return
    case 'restore':
      await rollBack(project, step.number ?? undefined, { environment, ...overridden })
      return
    case 'promote':
      await promoteTo(project, { from: environment === 'dev' ? 'prod' : 'dev', to: environment, ...overridden })
  }
}

/** Contents that are held: `prod prompt.a sha256:…`. */
async function heldIn(registry: Registry): Promise<ReadonlySet<string>> {
  const holds = await Promise.all(ENVIRONMENTS.map(environment => registry.holds(environment)))
  return new Set(holds.flat().map(({ environment, address, digest }) => `${environment} ${address} ${digest}`))
}

async function requireSound(registry: Registry, heldBefore: ReadonlySet<string>, headsBefore: ReadonlyMap<string, number>, step: Step) {
  for (const environment of ENVIRONMENTS) {
    const numbers = (await registry.releases(environment)).map(({ number }) => number)
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => numbers.length - index),
      'REG-2: numbers have no gap',
    )
    const made = await registry.releasesSince(environment, headsBefore.get(environment) ?? 0)
    assert.ok(made.length === 0 || (made.length === 1 && environment === step.environment), 'one release, where it was asked for')
    for (const { address, before, after } of made.flatMap(({ changes }) => changes)) {
      if (after === null || step.override || after.digest === before?.digest) continue
      assert.ok(!heldBefore.has(`${environment} ${address} ${after.digest}`), `HOLD-3: ${address}@${after.version} was held`)
    }
    const { pointers } = await registry.pointers(environment)
    const held = await heldIn(registry)
    for (const { address, digest } of pointers.values())
      assert.ok(!held.has(`${environment} ${address} ${digest}`), `${address} is active and held`)
  }
}

t.test('REG-2, HOLD-3: whatever is applied, rolled back and promoted, releases have no gap and nothing held is published', async t => {
  const done = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(fc.array(stepArbitrary, { minLength: 3, maxLength: 12 }), async steps => {
      const project = testProject(textOf('1', '1'))
      await project.apply({ environment: 'dev' })
      const registry = await project.registry()
      try {
        for (const step of steps) {
          const held = await heldIn(registry)
          const heads = new Map((await registry.heads()).map(({ environment, release }) => [environment, release]))
          // What cannot be done is refused with a code, and leaves everything as it was.
          await take(project, step).catch((error: unknown) => assert.ok(error instanceof OperationError, String(error)))
          await requireSound(registry, held, heads, step)
          const made = (await registry.head(step.environment)).release - (heads.get(step.environment) ?? 0)
          done.set(`${step.do} ${made}`, (done.get(`${step.do} ${made}`) ?? 0) + 1)
        }
        assert.equal((await registry.verifyAudit()).intact, true)
      } finally {
        await registry.close()
      }
    }),
    { numRuns: RUNS, examples: [[ALL_KINDS]] },
  )
  for (const what of ['apply', 'roll back', 'restore', 'promote']) t.ok((done.get(`${what} 1`) ?? 0) > 0, `${what}: some were done`)
})
