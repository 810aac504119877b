import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Measured, milliseconds, printTable, ratio } from './measure.ts'
import { promptConfiguration } from './projects.ts'

const BLOCKS = 5_000
const RUNS = 5

/** Parse and evaluate 5,000 prompt blocks in a fresh process, beside hcl2-parser, which only parses. Goal: 250 ms. */
export function languageBench(): void {
  const folder = mkdtempSync(join(tmpdir(), 'flowrun-bench-'))
  try {
    writeFileSync(join(folder, 'main.flow.hcl'), promptConfiguration(BLOCKS))
    const ours = work('parse and evaluate', folder)
    const whole = work('compile', folder)
    const theirs = work('hcl2-parser', folder)
    printTable(
      `Language: ${BLOCKS} prompt blocks, in ${RUNS} fresh processes each, without start and loading`,
      ['', 'wall', 'flowrun is'],
      [
        ['flowrun: parse and evaluate', milliseconds(ours), ''],
        ['flowrun: parse, evaluate, check, compile and digest', milliseconds(whole), ''],
        ['hcl2-parser 1.0.3: parse', milliseconds(theirs), `${ratio(ours, theirs)} faster, ${ratio(whole, theirs)} with all of it`],
      ],
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function work(name: string, folder: string): Measured {
  const samples = Array.from({ length: RUNS }, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, 'language-work.ts'), name, folder], {
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr.slice(-2000)}`)
    return Number(stdout)
  }).sort((a, b) => a - b)
  return { medianMs: samples[Math.floor(RUNS / 2)] ?? 0, fastestMs: samples[0] ?? 0, peakMb: undefined }
}
