import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { changesOf, isEmpty, testProject } from '../support/project.ts'

/** A block of a generated configuration; what it refers to is chosen among those before it. */
const blockArbitrary = fc.record({
  kind: fc.constantFrom('model', 'prompt', 'prompt', 'output'),
  text: fc.constantFrom('One.', 'Two.', 'é 📦', 'a\\nb', '$${x}'),
  instances: fc.constantFrom('', 'for_each = toset(["a", "b"])', 'for_each = toset(["b"])', 'count = 2', 'count = 0'),
  reads: fc.constantFrom('', 'version', 'digest', 'id'),
  fallback: fc.boolean(),
  repair: fc.integer({ min: 0, max: 2 }),
})

type Block = typeof blockArbitrary extends fc.Arbitrary<infer T> ? T : never

const configurationArbitrary = fc.array(blockArbitrary, { minLength: 1, maxLength: 8 })

function textOf(blocks: readonly Block[]): string {
  const texts = ['provider "simulated" {}\n\nmodel "base" {\n  provider = provider.simulated\n  id       = "simulated-base"\n}\n']
  const models = ['base']
  for (const [index, block] of blocks.entries()) {
    const earlier = models[index % models.length] ?? 'base'
    if (block.kind === 'model') {
      const fallback = block.fallback ? `  fallback = [model.${earlier}]\n` : ''
      texts.push(
        `model "m${index}" {\n  provider    = provider.simulated\n  id          = "simulated-${block.repair}"\n  description = "${block.text}"\n${fallback}}\n`,
      )
      models.push(`m${index}`)
    } else if (block.kind === 'prompt') {
      const read = block.reads === '' ? block.text : `${'${model.'}${earlier}.${block.reads}}`
      texts.push(
        `prompt "p${index}" {\n  ${block.instances}\n  model  = model.${earlier}\n  user   = "${read}"\n  repair = ${block.repair}\n}\n`,
      )
    } else {
      texts.push(`output "o${index}" { value = [model.${earlier}.${block.reads || 'name'}, "${block.text}"] }\n`)
    }
  }
  return texts.join('\n')
}

t.test('after apply the plan is empty, and what apply did is what the plan said', async t => {
  await fc.assert(
    fc.asyncProperty(fc.array(configurationArbitrary, { minLength: 1, maxLength: 3 }), async configurations => {
      const project = testProject('')
      for (const blocks of configurations) {
        project.write(textOf(blocks))
        const planned = await project.plan()
        const result = await project.apply()
        assert.equal(result.outcome, isEmpty(planned) ? 'nothing-to-do' : 'applied')
        assert.deepEqual(changesOf(result.outcome === 'applied' ? result.plan : planned), changesOf(planned))
        const again = await project.plan()
        assert.ok(isEmpty(again), JSON.stringify(changesOf(again)))
        assert.equal(again.base.release, planned.base.release + (planned.changes.length > 0 ? 1 : 0))
      }
    }),
    { numRuns: Number(process.env.FLOWRUN_PLAN_RUNS ?? 25) },
  )
  t.pass()
})
