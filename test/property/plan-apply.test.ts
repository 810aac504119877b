import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { changesOf, isEmpty, type TestProject, testProject } from '../support/project.ts'

const RUNS = Number(process.env.FLOWRUN_PLAN_RUNS ?? 25)

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
    { numRuns: RUNS },
  )
  t.pass()
})

t.test('going from one configuration to another and back restores the old digests, without a new version', async t => {
  await fc.assert(
    fc.asyncProperty(configurationArbitrary, configurationArbitrary, async (a, b) => {
      const project = testProject(textOf(a))
      await project.apply()
      const before = await deployed(project)
      project.write(textOf(b))
      await project.apply()
      const highest = await numbers(project)
      project.write(textOf(a))
      await project.apply()
      assert.deepEqual(await deployed(project), before)
      assert.deepEqual(await numbers(project), highest, 'a text that comes back keeps its number')
      const undone = await project.plan({ mode: 'destroy' })
      assert.equal(undone.changes.length, before.length)
    }),
    { numRuns: RUNS },
  )
  t.pass()
})

t.test('a block that is renamed keeps its versions, whatever else changes in the same apply', async t => {
  const names = fc.constantFrom('p0', 'p1', 'p2', 'p3')
  await fc.assert(
    fc.asyncProperty(configurationArbitrary, names, async (blocks, from) => {
      const project = testProject(textOf(blocks))
      await project.apply()
      const registry = await project.registry()
      const old = [...(await registry.pointers('dev')).pointers.values()].filter(({ address }) =>
        new RegExp(`^prompt\\.${from}(\\[|$)`).test(address),
      )
      await registry.close()
      project.write(
        `${textOf(blocks).replaceAll(`prompt "${from}"`, 'prompt "renamed"')}\nmoved {\n  from = prompt.${from}\n  to   = prompt.renamed\n}\n`,
      )
      const { changes } = await project.plan()
      assert.deepEqual(new Set(changes.map(({ action }) => action)), new Set(old.length > 0 ? ['move'] : []))
      await project.apply()
      assert.ok(isEmpty(await project.plan()))
      const now = await deployed(project)
      for (const { address, version, digest } of old) {
        assert.ok(now.includes(`${address.replace(`prompt.${from}`, 'prompt.renamed')}@${version} ${digest}`), `${address} went along`)
      }
    }),
    { numRuns: RUNS },
  )
  t.pass()
})

async function deployed(project: TestProject): Promise<readonly string[]> {
  const registry = await project.registry()
  const { pointers } = await registry.pointers('dev')
  await registry.close()
  return [...pointers.values()].map(({ address, version, digest }) => `${address}@${version} ${digest}`)
}

async function numbers(project: TestProject): Promise<ReadonlyMap<string, number>> {
  const registry = await project.registry()
  const highest = await registry.highestVersions()
  await registry.close()
  return highest
}
