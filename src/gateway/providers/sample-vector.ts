import { createHash } from 'node:crypto'

/**
 * A vector of length 1 for a text, the same for the same seed: each word adds or takes away 1 at a place that its digest
 * names (feature hashing). So texts that share words are near, and a search over a few texts finds what it should.
 */
export function sampleVector(text: string, dimensions: number, seed: number): readonly number[] {
  const vector = new Array<number>(dimensions).fill(0)
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [text]
  for (const word of words) {
    const digest = createHash('sha256').update(`${seed} ${word}`).digest()
    const place = digest.readUInt32BE(0) % dimensions
    vector[place] = (vector[place] ?? 0) + ((digest[4] ?? 0) < 128 ? 1 : -1)
  }
  const length = Math.hypot(...vector)
  // Words may have cancelled each other out.
  return length === 0 ? vector.map((_, place) => (place === 0 ? 1 : 0)) : vector.map(value => value / length)
}
