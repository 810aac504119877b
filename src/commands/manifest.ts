import { readFileSync } from 'node:fs'
import type { CommandFacts } from '../views/help.ts'

/**
 * The manifest that oclif makes of the command classes at build time, beside `dist/`: help needs no command's code then.
 *
 * @returns the commands by name, `state list` with a blank, in the order of `flowrun --help`.
 */
export function readManifest(): ReadonlyMap<string, CommandFacts> {
  const manifest = JSON.parse(readFileSync(new URL('../oclif.manifest.json', import.meta.url), 'utf8')) as {
    readonly commands: Readonly<Record<string, CommandFacts>>
  }
  return new Map(
    Object.entries(manifest.commands).map(([id, facts]) => {
      const name = id.replaceAll(':', ' ')
      return [name, { ...facts, id: name }]
    }),
  )
}
