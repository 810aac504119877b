import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { InvariantFailure } from '../base/invariant.ts'
import { flowrunVersion } from '../base/version.ts'
import { crashText } from '../views/crash.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { Host } from './host.ts'

/**
 * Tells that flowrun has a bug, and writes a report that can be sent: code, versions, and places in flowrun's own source.
 * Never messages of foreign exceptions, arguments or values, for they may hold prompts, inputs or secrets.
 */
export function showCrash(error: unknown, command: string, host: Host): ExitCode {
  const frames = stackFrames(error)
  const code = error instanceof InvariantFailure ? error.code : error instanceof Error ? error.name : typeof error
  const runtime = { flowrun: flowrunVersion, node: process.versions.node, platform: process.platform, arch: process.arch }
  // A foreign message may quote what was being worked on; ours says what broke.
  const why = error instanceof InvariantFailure ? error.message : `${code} was thrown, and nobody expected it`
  if (/^(debug|trace)$/.test(host.environment.FLOWRUN_LOG ?? '') && error instanceof Error) host.stderr.write(`${error.stack}\n`)
  const report = { format_version: '1.0', command, code, invariant: error instanceof InvariantFailure, ...runtime, frames }
  const file = writeReport(JSON.stringify(report, undefined, 2), host)
  host.stderr.write(
    crashText({ why, code, isInvariant: error instanceof InvariantFailure, place: frames[0] ?? 'an unknown place', file, ...runtime }),
  )
  return exitCodes.bug
}

/** @returns the path as a person would type it; undefined where nothing can be written. */
function writeReport(text: string, host: Host): string | undefined {
  const folder = host.environment.FLOWRUN_DATA_DIR || '.flowrun'
  const moment = new Date(host.clock.now()).toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15)
  const file = join(folder, `crash-${moment}.json`)
  try {
    mkdirSync(folder, { recursive: true })
    writeFileSync(file, `${text}\n`)
    return file
  } catch {
    // A full or read-only disk must not hide the crash itself.
    return undefined
  }
}

/** The folder of the package: above `dist/` where it is bundled, above `src/commands/` where it is not. */
const flowrunRoot = import.meta.dirname.endsWith('dist') ? dirname(import.meta.dirname) : dirname(dirname(import.meta.dirname))

/** `src/plan/planner.ts:212`, nearest first; places outside flowrun are left out. */
function stackFrames(error: unknown): readonly string[] {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  return [...stack.matchAll(/(file:\/\/[^\s()]+):(\d+):(\d+)/g)].flatMap(([, url = '', line = '0', column = '0']) => {
    const place = originalPlace(fileURLToPath(url), Number(line), Number(column))
    return place === undefined || place.startsWith('src/base/invariant.ts') ? [] : [place]
  })
}

/** Goes through the source map of a bundled file; a frame of an unbundled one is its own source. */
function originalPlace(file: string, line: number, column: number): string | undefined {
  try {
    const map = new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')))
    const entry = map.findEntry(line - 1, column - 1)
    return 'originalSource' in entry ? ownPlace(resolve(dirname(file), entry.originalSource), entry.originalLine + 1) : undefined
  } catch {
    return ownPlace(file, line)
  }
}

function ownPlace(file: string, line: number): string | undefined {
  const path = relative(flowrunRoot, file).replaceAll(sep, '/')
  return path.startsWith('src/') ? `${path}:${line}` : undefined
}
