import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DetectorSpec, PII_TYPES } from '../../src/artifact/guard.ts'
import type { JsonValue } from '../../src/base/json.ts'
import { loadSchemaValidator } from '../../src/engine/schema-validator.ts'
import type { Detection, DetectorHelp } from '../../src/gateway/guards/detector.ts'
import { detect } from '../../src/gateway/guards/index.ts'

/** `npm run bench:guards`: precision and recall of each detector on the labelled texts of guards/*.jsonl. */

/** The texts of even lines were looked at while the detectors were written, those of odd ones were not. */
type Half = 'tuning' | 'held-out'

export interface Figures {
  /** `pii email`, `secrets` */
  readonly detector: string
  readonly half: Half
  /** Things that are there, and texts that have none of them. */
  readonly positives: number
  readonly negatives: number
  readonly hits: number
  readonly falseAlarms: number
  readonly misses: number
}

/** A thing in a text: what it is, and exactly which characters. Detectors of whole texts say '' for them. */
type Thing = readonly [type: string, characters: string]

interface Sample {
  readonly text: string
  readonly wanted: readonly Thing[]
  readonly spec: DetectorSpec
  /** Under what name a thing counts. */
  readonly row: (type: string) => string
}

const folder = join(import.meta.dirname, 'guards')

function rows<Row>(name: string): readonly Row[] {
  return readFileSync(join(folder, `${name}.jsonl`), 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
}

/** Number of labelled texts. */
export function countTexts(): number {
  return samples().length
}

function samples(): readonly Sample[] {
  const pii = rows<{ text: string; found: Thing[] }>('pii').map(
    ({ text, found }): Sample => ({
      text,
      wanted: found,
      spec: { type: 'pii', action: 'flag', types: PII_TYPES, reversible: false },
      row: type => `pii ${type}`,
    }),
  )
  const secrets = rows<{ text: string; found: Thing[] }>('secrets').map(
    ({ text, found }): Sample => ({
      text,
      wanted: found,
      spec: { type: 'secrets', action: 'flag', threshold: 0.5 },
      row: () => 'secrets',
    }),
  )
  const injection = rows<{ text: string; attack: boolean }>('injection').map(
    ({ text, attack }): Sample => ({
      text,
      wanted: attack ? [['injection', '']] : [],
      spec: { type: 'injection', action: 'flag', threshold: 0.5 },
      row: () => 'injection',
    }),
  )
  const rules = rows<{ detector: DetectorSpec; text: string; violation: boolean }>('rules').map(
    ({ detector, text, violation }): Sample => ({
      text,
      wanted: violation ? [[detector.type, '']] : [],
      spec: detector,
      row: () => detector.type,
    }),
  )
  return [...pii, ...secrets, ...injection, ...rules]
}

const WHOLE: ReadonlySet<DetectorSpec['type']> = new Set(['injection', 'length', 'pattern', 'json'])

/** What the detector says, in the terms of the labels. */
function thingsOf({ spec, text }: Sample, { findings }: Detection): readonly Thing[] {
  if (WHOLE.has(spec.type)) return findings.length > 0 ? [[spec.type, '']] : []
  return findings.map(({ type, start, end }) => [spec.type === 'secrets' ? 'secret' : type, text.slice(start, end)])
}

/** Figures of each detector, for each half. A thing counts as found where type and characters are exactly right. */
export async function measureGuards(told: (line: string) => void = () => {}): Promise<readonly Figures[]> {
  const validator = await loadSchemaValidator()
  const help: DetectorHelp = {
    violations: async (schema, value) => validator.violations(schema, value),
    judge: async () => null as JsonValue,
  }
  const figures = new Map<string, { -readonly [Key in keyof Figures]: Figures[Key] }>()
  const figuresOf = (detector: string, half: Half) => {
    const key = `${detector} ${half}`
    const known = figures.get(key) ?? { detector, half, positives: 0, negatives: 0, hits: 0, falseAlarms: 0, misses: 0 }
    figures.set(key, known)
    return known
  }
  const all = samples()
  const rowsOf = (sample: Sample) => (sample.spec.type === 'pii' ? PII_TYPES.map(sample.row) : [sample.row('')])
  const lines = new Map<string, number>()
  for (const sample of all) {
    const file = rowsOf(sample).join()
    const line = lines.get(file) ?? 0
    lines.set(file, line + 1)
    const half: Half = line % 2 === 0 ? 'tuning' : 'held-out'
    const [detection = { findings: [] }] = await detect(sample.spec, [sample.text], help)
    const missing = [...sample.wanted]
    for (const row of rowsOf(sample)) if (!missing.some(([type]) => sample.row(type) === row)) figuresOf(row, half).negatives++
    for (const [type] of missing) figuresOf(sample.row(type), half).positives++
    for (const [type, characters] of thingsOf(sample, detection)) {
      const index = missing.findIndex(([wanted, text]) => wanted === type && text === characters)
      if (index === -1) {
        figuresOf(sample.row(type), half).falseAlarms++
        told(`${half}: false alarm of ${sample.row(type)} ${JSON.stringify(characters)} in ${JSON.stringify(sample.text)}`)
      } else {
        missing.splice(index, 1)
        figuresOf(sample.row(type), half).hits++
      }
    }
    for (const [type, characters] of missing) {
      figuresOf(sample.row(type), half).misses++
      told(`${half}: missed ${sample.row(type)} ${JSON.stringify(characters)} in ${JSON.stringify(sample.text)}`)
    }
  }
  return [...figures.values()]
}

/** The table of docs/guards.md: precision is hits of all alarms, recall hits of all that is there. */
export function figuresTable(figures: readonly Figures[]): string {
  const names = [...new Set(figures.map(({ detector }) => detector))]
  const lines = names.map(name => {
    const tuning = sum(figures.filter(({ detector, half }) => detector === name && half === 'tuning'))
    const heldOut = sum(figures.filter(({ detector, half }) => detector === name && half === 'held-out'))
    return `| ${name.replace('_', ' ')} | ${tuning.positives + heldOut.positives} | ${tuning.negatives + heldOut.negatives} | ${share(tuning)} | ${share(heldOut)} |`
  })
  return [
    '| detector | things | texts without | precision, recall: tuning half | precision, recall: held-out half |',
    '|---|---|---|---|---|',
    ...lines,
  ].join('\n')
}

type Sums = Omit<Figures, 'detector' | 'half'>

function sum(all: readonly Figures[]): Sums {
  const nothing: Sums = { positives: 0, negatives: 0, hits: 0, falseAlarms: 0, misses: 0 }
  return all.reduce<Sums>(
    (total, figures) => ({
      positives: total.positives + figures.positives,
      negatives: total.negatives + figures.negatives,
      hits: total.hits + figures.hits,
      falseAlarms: total.falseAlarms + figures.falseAlarms,
      misses: total.misses + figures.misses,
    }),
    nothing,
  )
}

function share({ hits, falseAlarms, misses }: Sums): string {
  const percent = (part: number, whole: number) => (whole === 0 ? '–' : `${((part / whole) * 100).toFixed(0)} %`)
  return `${percent(hits, hits + falseAlarms)}, ${percent(hits, hits + misses)}`
}

if (import.meta.main) {
  const figures = await measureGuards(process.argv.includes('--misses') ? line => process.stdout.write(`${line}\n`) : undefined)
  process.stdout.write(`${countTexts()} labelled texts, test/bench/guards/*.jsonl\n\n${figuresTable(figures)}\n`)
}
