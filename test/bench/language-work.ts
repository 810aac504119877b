import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import hcl2 from 'hcl2-parser'
import { createApp } from '../../src/app.ts'
import { systemClock } from '../../src/base/clock.ts'
import { Report } from '../../src/diagnostics/report.ts'
import { loadProject, openProject } from '../../src/operations/project.ts'

/** One piece of work in a fresh process, `language-work.ts NAME FOLDER`: prints how many milliseconds it took, without start and loading. */
const [name = '', folder = ''] = process.argv.slice(2)

const works: Readonly<Record<string, () => void>> = {
  flowrun() {
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

const began = performance.now()
works[name]?.()
process.stdout.write(`${performance.now() - began}\n`)
