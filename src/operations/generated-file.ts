import { writeFileSync } from 'node:fs'
import { systemErrorSentence } from '../base/system-error.ts'
import { generatedBlock } from '../config/generate/block.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import type { MissingBlock } from './plan-imports.ts'

/** A file that flowrun writes: its path, and the name that a person gave it. */
export interface GeneratedFile {
  readonly path: string
  readonly name: string
}

/** Writes blocks into a new file; one that is there is never touched. @throws OperationError cli/cannot-write */
export function writeBlocks({ path, name }: GeneratedFile, blocks: readonly MissingBlock[]): void {
  const text = blocks.map(({ address, artifact }) => generatedBlock(address, artifact)).join('\n')
  try {
    writeFileSync(path, text, { flag: 'wx' })
  } catch (error) {
    throw new OperationError(
      { code: 'cli/cannot-write', summary: `${name} cannot be written`, detail: `${systemErrorSentence(error)} Nothing was changed.` },
      { cause: error },
    )
  }
}
