/**
 * The tokenizer of the simulated provider, the same at plan time and when it answers: each word and each punctuation
 * character is one token. Exact by definition, so plans with it carry no `~`.
 */
export function countSimulatedTokens(text: string): number {
  return text.match(/[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu)?.length ?? 0
}
