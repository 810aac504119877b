import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const checkout = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

/** The shared corpus beside the checkout, or where FLOWRUN_CORPUS says. */
export const corpusDirectory = process.env.FLOWRUN_CORPUS ?? join(checkout, '..', 'shared', 'corpus', 'hcl')

/** For `t.test(name, { skip: corpusMissing }, …)`: the corpus is not part of the project. */
export const corpusMissing: string | false = existsSync(join(corpusDirectory, 'cases.json'))
  ? false
  : `there is no corpus at ${corpusDirectory}`

/** Reads one file of the corpus: a list of cases, or an object that has them under `cases`. */
export function corpusCases<Case>(file: string): readonly Case[] {
  const content: readonly Case[] | { readonly cases: readonly Case[] } = JSON.parse(readFileSync(join(corpusDirectory, file), 'utf8'))
  return 'cases' in content ? content.cases : content
}

export function corpusText(file: string): string {
  return readFileSync(join(corpusDirectory, file), 'utf8')
}
