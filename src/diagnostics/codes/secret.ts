import type { CodePage } from './page.ts'

export const secretCodes = {
  'secret/missing': {
    severity: 'error',
    since: '1.0',
    what: 'A call needs a secret that is not set where it is looked for.',
    why: 'Secrets are references, resolved only in the process that makes the call; without a value the call would be refused by the provider.',
    cure: [
      'Set it for this shell:  export OPENAI_API_KEY=…',
      'Or put a line NAME=value into .flowrun/secrets, a file that only its owner can read (chmod 600).',
      'Or try without a key, with a model of a provider of type "simulated".',
    ],
    see: ['config/secret-file-readable', 'provider/unauthorized'],
  },
  'config/secret-file-readable': {
    severity: 'error',
    since: '1.0',
    what: 'The file of secrets can be read by other users of this machine.',
    why: 'A secret that others can read is none. flowrun reads nothing from such a file.',
    cure: ['Take the rights of others away:  chmod 600 .flowrun/secrets', 'If others could read it for long, replace the keys in it.'],
    see: ['secret/missing'],
  },
} as const satisfies Record<`secret/${string}` | 'config/secret-file-readable', CodePage>
