import type { CodePage } from './page.ts'

const FAST = 'provider "simulated" {}\n\nmodel "fast" {\n  provider = provider.simulated\n  id       = "simulated-small"\n}\n\n'

/** What `moved`, `removed` and `import` blocks say of addresses. */
export const configRefactoringCodes = {
  'config/bad-address': {
    severity: 'error',
    since: '1.0',
    what: 'What should be the address of a block, or of a version, is none.',
    example: `${FAST}moved {\n  from = «"model.quick"»\n  to   = model.fast\n}\n`,
    why: 'A moved or removed block may be gone already, so its address is read as it is written, and nothing is evaluated.',
    cure: ['Write an address without quotes: prompt.NAME, prompt.NAME["KEY"], module.NAME.', 'A version is a text: "prompt.NAME@7".'],
  },
  'config/moved-kind': {
    severity: 'error',
    since: '1.0',
    what: 'A moved block names two kinds of block.',
    example: `${FAST}«moved» {\n  from = prompt.fast\n  to   = model.fast\n}\n`,
    why: 'Versions of a prompt are no versions of a model.',
    cure: ['Write a removed block for the one; the other is new.'],
  },
  'config/moved-still-there': {
    severity: 'error',
    since: '1.0',
    what: 'A block was moved, and is still declared at its old address.',
    example: `${FAST}model "quick" {\n  provider = provider.simulated\n  id       = "simulated-small"\n}\n\n«moved» {\n  from = model.quick\n  to   = model.fast\n}\n`,
    why: 'The versions of the old address would belong to two blocks.',
    cure: ['Remove the old block.', 'Or remove the moved block, if both are meant.'],
  },
  'config/removed-still-there': {
    severity: 'error',
    since: '1.0',
    what: 'A block is removed and declared at once.',
    example: `${FAST}«removed» {\n  from = model.fast\n}\n`,
    why: 'The configuration cannot both have a block and give it up.',
    cure: ['Remove the block itself, or the removed block.'],
    see: ['config/moved-still-there'],
  },
} as const satisfies Record<`config/${string}`, CodePage>
