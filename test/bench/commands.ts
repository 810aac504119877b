import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Measured, measure, megabytes, milliseconds, printTable, ratio } from './measure.ts'
import { writeFlowrunProject, writeTerraformProject } from './projects.ts'
import { flowrun } from './start-up.ts'
import { initTerraform, terraformVersion } from './terraform.ts'

const RUNS = 5
/** Above this terraform's apply takes minutes: it grows with the square of the number of resources. */
const TERRAFORM_MAX = 1_000

interface Figures {
  readonly apply: Measured
  readonly noChange: Measured
}

const SIZES = [100, 1_000, 10_000, 20_000] as const

/** Apply of new blocks, and plan of unchanged ones. Goals for 1,000: 0.6 s, 0.3 s and 150 MB; growth of apply: n^1.05. */
export function commandsBench(): void {
  const folder = mkdtempSync(join(tmpdir(), 'flowrun-bench-'))
  try {
    const all = SIZES.map(count => {
      const ours = flowrunFigures(join(folder, `flowrun-${count}`), count)
      const hasPeer = terraformVersion() !== undefined && count <= TERRAFORM_MAX
      const theirs = hasPeer ? terraformFigures(join(folder, `terraform-${count}`), count) : undefined
      printFigures(count, ours, theirs)
      return { count, ours, theirs }
    })
    const growth = (of: (row: (typeof all)[number]) => Measured | undefined) =>
      exponent(all.flatMap(row => (of(row) ? [[row.count, of(row)?.medianMs ?? 0] as const] : [])))
    printTable(
      `growth from ${SIZES[0].toLocaleString('en')} blocks on, as the exponent of n (a log-log fit; start-up included, so below 1 where it weighs)`,
      ['', 'apply, all new', 'plan, no change'],
      [
        ['flowrun', growth(({ ours }) => ours.apply), growth(({ ours }) => ours.noChange)],
        [
          'flowrun, 1,000 and more',
          ...[(row: (typeof all)[number]) => row.ours.apply, (row: (typeof all)[number]) => row.ours.noChange].map(of =>
            exponent(all.filter(({ count }) => count >= 1_000).map(row => [row.count, of(row).medianMs])),
          ),
        ],
        ['terraform', growth(({ theirs }) => theirs?.apply), growth(({ theirs }) => theirs?.noChange)],
      ],
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The slope of log(time) over log(count), by least squares. */
function exponent(points: readonly (readonly [count: number, ms: number])[]): string {
  if (points.length < 2) return ''
  const logs = points.map(([count, ms]) => [Math.log(count), Math.log(ms)] as const)
  const mean = (place: 0 | 1) => logs.reduce((sum, point) => sum + point[place], 0) / logs.length
  const [x, y] = [mean(0), mean(1)]
  const slope = logs.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0) / logs.reduce((sum, [a]) => sum + (a - x) ** 2, 0)
  return slope.toFixed(2)
}

function printFigures(count: number, ours: Figures, theirs: Figures | undefined): void {
  const row = (name: string, { apply, noChange }: Figures) => [
    name,
    milliseconds(apply),
    megabytes(apply),
    milliseconds(noChange),
    megabytes(noChange),
  ]
  const comparison = theirs
    ? [
        row('terraform', theirs),
        ['flowrun is', `${ratio(ours.apply, theirs.apply)} faster`, '', `${ratio(ours.noChange, theirs.noChange)} faster`, ''],
      ]
    : []
  printTable(
    `${count.toLocaleString('en')} blocks: flowrun ${RUNS} runs, terraform one apply and ${RUNS} plans`,
    ['', 'apply, all new', 'memory', 'plan, no change', 'memory'],
    [row('flowrun', ours), ...comparison],
  )
}

function flowrunFigures(folder: string, count: number): Figures {
  writeFlowrunProject(folder, count)
  const command = (...words: string[]) => ({ words: [process.execPath, flowrun, ...words], cwd: folder })
  const apply = measure(
    { ...command('apply', '--yes'), before: () => rmSync(join(folder, '.flowrun'), { recursive: true, force: true }) },
    RUNS,
  )
  return { apply, noChange: measure(command('plan', '-detailed-exitcode'), RUNS) }
}

function terraformFigures(folder: string, count: number): Figures {
  writeTerraformProject(folder, count)
  initTerraform(folder)
  const command = (...words: string[]) => ({ words: ['terraform', ...words], cwd: folder })
  return {
    apply: measure(command('apply', '-auto-approve', '-input=false'), 1),
    noChange: measure(command('plan', '-input=false', '-detailed-exitcode'), RUNS),
  }
}
