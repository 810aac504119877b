import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Measured, measure, milliseconds, printTable } from './measure.ts'

const RUNS = 15
export const flowrun = join(import.meta.dirname, '../../bin/run.js')

/** A command does nothing before its first line: this is what each one costs. Goals: 45 ms, 90 ms. */
export function startUpBench(): void {
  const folder = mkdtempSync(join(tmpdir(), 'flowrun-bench-'))
  try {
    writeFileSync(join(folder, 'main.flow.hcl'), 'flowrun { project = "empty" }\n')
    const rows: (readonly [string, Measured])[] = [
      ['node -e 0', measure({ words: [process.execPath, '-e', '0'], cwd: folder }, RUNS)],
      ['flowrun --version', measure({ words: [process.execPath, flowrun, '--version'], cwd: folder }, RUNS)],
      ['flowrun --help', measure({ words: [process.execPath, flowrun, '--help'], cwd: folder }, RUNS)],
      ['flowrun plan (empty project)', measure({ words: [process.execPath, flowrun, 'plan'], cwd: folder }, RUNS)],
    ]
    printTable(
      `Start-up, ${RUNS} runs each`,
      ['command', 'wall'],
      rows.map(([name, measured]) => [name, milliseconds(measured)]),
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
