import type { ModelSpec } from './model.ts'

/** Whether every call of the model has a known price for what it takes: input, and what it writes unless it embeds. */
export function hasKnownPrice({ kind, price }: Pick<ModelSpec, 'kind' | 'price'>): boolean {
  const knows = (tier: ModelSpec['price'][number]) =>
    tier.input_nano_per_m !== undefined && (kind === 'embedding' || tier.output_nano_per_m !== undefined)
  return price.length > 0 && price.every(knows)
}
