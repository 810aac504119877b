import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import hcl2 from 'hcl2-parser'
import { createApp } from '../../src/app.ts'
import { systemClock } from '../../src/base/clock.ts'
import { Report } from '../../src/diagnostics/report.ts'
import type { Body } from '../../src/hcl/ast.ts'
import { evaluate } from '../../src/hcl/evaluate.ts'
import { EXPRESSION_STEPS } from '../../src/hcl/function.ts'
import { createFunctionTable } from '../../src/hcl/functions/index.ts'
import { parseConfig } from '../../src/hcl/parser.ts'
import { scopeOf } from '../../src/hcl/scope.ts'
import { objectOf, STRING } from '../../src/hcl/type.ts'
import { objectValue, stringValue, unknownValue } from '../../src/hcl/value.ts'
import { loadProject, openProject } from '../../src/operations/project.ts'

/** One piece of work in a fresh process, `language-work.ts NAME FOLDER`: prints how many milliseconds it took, without start and loading. */
const [name = '', folder = ''] = process.argv.slice(2)

/** What the expressions of the bench's blocks refer to, with the input known only later, as in a plan. */
const names = scopeOf({
  model: objectValue({ fast: stringValue('model.fast') }),
  provider: objectValue({ local: stringValue('provider.local') }),
  string: stringValue('string'),
  input: unknownValue(objectOf({ question: STRING })),
})

const works: Readonly<Record<string, () => void>> = {
  'parse and evaluate'() {
    const report = new Report()
    const body = parseConfig({ name: 'main.flow.hcl', text: readFileSync(join(folder, 'main.flow.hcl'), 'utf8') }, report)
    const functions = createFunctionTable({ environment: {} })
    let evaluated = 0
    const visit = ({ items }: Body): void => {
      for (const item of items) {
        if (item.kind === 'block') visit(item.body)
        else if (evaluate(item.expression, { scope: names, functions, report, budget: { remaining: EXPRESSION_STEPS } })) evaluated++
      }
    }
    visit(body)
    if (report.hasErrors || evaluated < 20_000) throw new Error(`evaluated ${evaluated} arguments, ${report.errorCount} errors`)
  },
  compile() {
    const host = createApp({ environment: {}, clock: systemClock, random: size => new Uint8Array(size), workingFolder: () => folder })
    const report = new Report()
    const project = openProject(host, {}, report)
    const loaded = project && loadProject(host, project, { variables: [] }, report, false)
    if (loaded?.configuration?.blocks.length !== 5_002) throw new Error(`compiled ${loaded?.configuration?.blocks.length} blocks`)
  },
  'hcl2-parser'() {
    const [parsed] = hcl2.parseToObject(readFileSync(join(folder, 'main.flow.hcl'), 'utf8')) as [{ readonly prompt: object } | null]
    if (Object.keys(parsed?.prompt ?? {}).length !== 5_000) throw new Error('hcl2-parser did not parse the file')
  },
}

const work = works[name]
if (work === undefined) throw new Error(`there is no work "${name}"`)
const began = performance.now()
work()
process.stdout.write(`${performance.now() - began}\n`)
