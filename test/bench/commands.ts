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

/** Apply of new blocks, and plan of unchanged ones. Goals for 1,000: 0.6 s, 0.3 s and 150 MB. */
export function commandsBench(): void {
  const folder = mkdtempSync(join(tmpdir(), 'flowrun-bench-'))
  try {
    for (const count of [1_000, 10_000]) {
      const ours = flowrunFigures(join(folder, `flowrun-${count}`), count)
      const theirs =
        terraformVersion() !== undefined && count <= TERRAFORM_MAX ? terraformFigures(join(folder, `terraform-${count}`), count) : undefined
      printTable(
        `${count.toLocaleString('en')} blocks: flowrun ${RUNS} runs, terraform one apply and ${RUNS} plans`,
        ['', 'apply, all new', 'memory', 'plan, no change', 'memory'],
        [
          ['flowrun', milliseconds(ours.apply), megabytes(ours.apply), milliseconds(ours.noChange), megabytes(ours.noChange)],
          ...(theirs
            ? [
                [
                  'terraform',
                  milliseconds(theirs.apply),
                  megabytes(theirs.apply),
                  milliseconds(theirs.noChange),
                  megabytes(theirs.noChange),
                ],
              ]
            : []),
          ...(theirs
            ? [['flowrun is', `${ratio(ours.apply, theirs.apply)} faster`, '', `${ratio(ours.noChange, theirs.noChange)} faster`, '']]
            : []),
        ],
      )
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
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
