import type { CodePage } from './page.ts'

/** Figures that a person enters. */
export const costsCodes = {
  'costs/not-estimated': {
    severity: 'error',
    since: '1.0',
    what: 'A corrected figure was to be entered for a call whose cost is no estimate.',
    why: 'What a provider has reported is not replaced by hand: only a bound that stands for a report that never came.',
    cure: ['List the calls whose cost is estimated:  flowrun costs --estimated', 'Write more of the id, where several calls end like it.'],
    see: ['costs/less-than-known'],
  },
  'costs/less-than-known': {
    severity: 'error',
    since: '1.0',
    what: 'A corrected figure is less than what the provider has reported for some attempts of the call.',
    why: 'A figure is for the whole call: its estimated attempts get what is left after those that were reported.',
    cure: ['Enter the sum of all attempts, as the bill of the provider has it.'],
    see: ['costs/not-estimated'],
  },
} as const satisfies Record<`costs/${string}`, CodePage>
