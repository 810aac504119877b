import type { CodePage } from './page.ts'

const REPOSITORY = 'git::https://example.com/kb.git//modules/kb'

/** Modules: where they come from, and what may stand in one. */
export const configModuleCodes = {
  'config/bad-source': {
    severity: 'error',
    since: '1.0',
    what: 'The source of a module is neither a folder nor a version in a repository.',
    example: 'module "kb" {\n  source = «"modules/kb"»\n}\n',
    why: 'A folder starts with ./ or ../, so that it cannot be taken for the name of something to fetch.',
    cure: ['A folder of the project:  source = "./modules/kb"', `A version in a repository:  source = "${REPOSITORY}?ref=v1.2.0"`],
    see: ['config/moving-source', 'docs/modules.md'],
  },
  'config/no-module': {
    severity: 'error',
    since: '1.0',
    what: 'The folder of a module is not there, or has no configuration.',
    example: 'module "kb" {\n  source = «"./modules/absent"»\n}\n',
    why: 'Without it nobody knows what the module publishes.',
    cure: ['Correct the path; it starts at the folder of the file that calls the module.'],
    see: ['config/bad-source'],
  },
  'config/moving-source': {
    severity: 'error',
    since: '1.0',
    what: 'The source of a module names a branch, or no version at all.',
    example: `module "kb" {\n  source = «"${REPOSITORY}"»\n}\n`,
    why: 'A branch moves: the same configuration would publish something else tomorrow.',
    cure: ['Name a tag:  ?ref=v1.2.0', 'Or a commit, with all of its digits.'],
    see: ['config/bad-source'],
  },
  'config/module-not-fetched': {
    severity: 'error',
    since: '1.0',
    what: 'A module of a repository is not on this machine, or not in the lock.',
    example: `module "kb" {\n  source = «"${REPOSITORY}?ref=v1.2.0"»\n}\n`,
    why: 'Only flowrun init uses the network: a plan of the same files says the same everywhere.',
    cure: ['Fetch it:  flowrun init', 'Commit .flowrun.lock.hcl, so that everybody gets the same.'],
    see: ['config/module-altered'],
  },
  'config/module-altered': {
    severity: 'error',
    since: '1.0',
    what: 'The files of a fetched module have another digest than the lock says.',
    why: 'Somebody changed them under .flowrun, where no review sees it.',
    cure: ['Fetch them again:  flowrun init', 'To change a module, copy it into the project and call it by its folder.'],
    see: ['config/module-not-fetched'],
  },
  'config/unknown-ref': {
    severity: 'error',
    since: '1.0',
    what: 'The repository of a module has no such tag or commit.',
    why: 'What cannot be fetched cannot be planned.',
    cure: ['Correct the ref; git ls-remote --tags URL lists the tags.', 'Write a commit with all of its digits.'],
    see: ['config/moving-source', 'config/fetch-failed'],
  },
  'config/fetch-failed': {
    severity: 'error',
    since: '1.0',
    what: 'Git could not fetch the repository of a module.',
    why: 'The module is not on this machine, and there is nothing to plan with.',
    cure: ['Read what git says, and try its command by hand: git ls-remote URL.', 'Install git, if there is none.'],
    see: ['config/unknown-ref'],
  },
  'config/root-only': {
    severity: 'error',
    since: '1.0',
    what: 'A block that belongs to the whole project stands in a module.',
    why: 'Where a configuration lives, and what it takes over, is decided once, where it is planned.',
    cure: ['Move the block into the folder where flowrun plan is called.'],
    see: ['docs/modules.md'],
  },
  'config/too-many-modules': {
    severity: 'error',
    since: '1.0',
    what: 'The configuration has more instances of modules than flowrun reads.',
    why: 'Modules with for_each inside of modules with for_each multiply: it is nearly always a mistake.',
    cure: ['Use fewer keys, or put the for_each on the blocks inside of the module.'],
  },
  'config/check-failed': {
    severity: 'warning',
    since: '1.0',
    what: 'An assertion of a check block is false, or could not be worked out.',
    example:
      'locals { topics = ["billing"] }\n\ncheck "topics" {\n  assert {\n    condition     = «length(local.topics) > 1»\n    error_message = "One topic needs no router."\n  }\n}\n',
    why: 'A check speaks up, and stops nothing: apply goes on.',
    cure: ['Do what the message of the check asks for.', 'To let it stop a plan: flowrun plan -strict'],
    see: ['plan/condition-failed'],
  },
} as const satisfies Record<`config/${string}`, CodePage>
