/** What a call did cost, as a person has it from the provider's bill. */
export interface Correction {
  /** Id of its usage record. */
  readonly call: string
  /** Nano-dollars, of the whole call. */
  readonly costNano: number
}

export type CorrectionOutcome =
  | { readonly outcome: 'corrected'; readonly beforeNano: number; readonly afterNano: number }
  | { readonly outcome: 'unknown-call' | 'not-estimated' }
  /** The provider has reported more than that for some of its attempts. */
  | { readonly outcome: 'less-than-known'; readonly knownNano: number }
