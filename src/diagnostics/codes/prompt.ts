import type { CodePage } from './page.ts'

const MODELS = 'provider "simulated" {}\n\nmodel "fast" {\n  provider = provider.simulated\n  id       = "simulated-small"\n}\n\n'

/** What a prompt can be told about itself. */
export const promptCodes = {
  'prompt/no-user-message': {
    severity: 'error',
    since: '1.0',
    what: 'A prompt has no message of the user.',
    example: `${MODELS}«prompt "answer"» {\n  model  = model.fast\n  system = "You are friendly."\n}\n`,
    why: 'Most models refuse a conversation that nobody began.',
    cure: ['Add user = "…".', 'Or a block: message "user" { text = "…" }.'],
  },
  'prompt/unused-input': {
    severity: 'warning',
    since: '1.0',
    what: 'A declared input is not used in any message.',
    example: `${MODELS}prompt "answer" {\n  model = model.fast\n  input {\n    «field "tone"» { type = string }\n  }\n  user = "Say hello."\n}\n`,
    why: 'Whoever calls the prompt gives a value that changes nothing.',
    cure: ['Write ${input.NAME} where it belongs, or remove the field.'],
  },
  'prompt/last-tier': {
    severity: 'error',
    since: '1.0',
    what: 'The last tier of a prompt has a rule for escalating.',
    example: `${MODELS}prompt "answer" {\n  user = "Say hello."\n  tier {\n    model       = model.fast\n    escalate_on = ["truncated"]\n  }\n  «tier» {\n    model       = model.fast\n    escalate_on = ["truncated"]\n  }\n}\n`,
    why: 'There is no further model to go to.',
    cure: ['Remove escalate_on and escalate_when from the last tier.'],
  },
  'prompt/tier-without-rule': {
    severity: 'error',
    since: '1.0',
    what: 'A tier before the last never escalates.',
    example: `${MODELS}prompt "answer" {\n  user = "Say hello."\n  «tier» { model = model.fast }\n  tier { model = model.fast }\n}\n`,
    why: 'The tiers after it would never be reached.',
    cure: ['Add escalate_on or escalate_when.', 'Or remove the tiers after it.'],
  },
  'prompt/context-overflow': {
    severity: 'error',
    since: '1.0',
    what: 'The fixed text of a prompt and the room for its answer do not fit into the window of its model.',
    why: 'The provider would refuse every call.',
    cure: ['Shorten the text.', 'Lower max_output_tokens, which keeps room for the answer.', 'Take a model with a larger window.'],
  },
} as const satisfies Record<`prompt/${string}`, CodePage>
