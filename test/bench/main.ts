import { cpus, release as osRelease, totalmem } from 'node:os'
import { commandsBench } from './commands.ts'
import { engineBench } from './engine.ts'
import { gatewayBench } from './gateway.ts'
import { languageBench } from './language.ts'
import { startUpBench } from './start-up.ts'
import { terraformVersion } from './terraform.ts'

/**
 * `npm run bench [NAME…]`: measures flowrun beside its peers, in one run on one machine, and prints figures with their
 * conditions. It asserts nothing: a figure is for people, and never fails a build.
 */
const benches = {
  'start-up': startUpBench,
  language: languageBench,
  commands: commandsBench,
  gateway: gatewayBench,
  engine: engineBench,
} as const

const wanted = process.argv.slice(2)
const unknown = wanted.filter(name => !Object.hasOwn(benches, name))
if (unknown.length > 0) {
  process.stderr.write(`There is no bench "${unknown[0]}". The benches are ${Object.keys(benches).join(', ')}.\n`)
  process.exit(1)
}

const [cpu] = cpus()
process.stdout.write(
  [
    `Node ${process.versions.node}, ${process.platform} ${osRelease()} ${process.arch}`,
    `${cpus().length} × ${cpu?.model ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    `terraform ${terraformVersion() ?? 'not on PATH: its columns are left out'}`,
    'Wall times are medians with the fastest run in brackets; a busy machine moves both.\n',
  ].join('\n'),
)
for (const [name, bench] of Object.entries(benches)) if (wanted.length === 0 || wanted.includes(name)) await bench()
