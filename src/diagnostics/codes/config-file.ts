import type { CodePage } from './page.ts'

/** What functions read from the machine that plans: files of the project, and its environment. */
export const configFileCodes = {
  'config/no-such-file': {
    severity: 'error',
    since: '1.0',
    what: 'A function reads a file that is not there.',
    example: 'output "text" {\n  value = file(«"prompts/absent.md"»)\n}\n',
    why: 'An absent file would become an empty prompt.',
    cure: [
      'Correct the path; it starts at the folder of the project.',
      'Where the file may be absent: fileexists(PATH) ? file(PATH) : "".',
    ],
    see: ['config/outside-project'],
  },
  'config/outside-project': {
    severity: 'error',
    since: '1.0',
    what: 'A path leads out of the project.',
    example: 'output "text" {\n  value = file(«"../secrets.txt"»)\n}\n',
    why: 'A configuration must mean the same on every machine, and must not be able to send away what lies beside it.',
    cure: ['Put the file inside of the project; links are followed before the check.'],
  },
  'config/missing-env': {
    severity: 'error',
    since: '1.0',
    what: 'env() names an environment variable that is not set.',
    example: 'output "region" {\n  value = nonsensitive(env(«"FLOWRUN_EXAMPLE_UNSET"»))\n}\n',
    why: 'An absent variable would become an empty text, which is seldom what was meant.',
    cure: [
      'Set the variable where flowrun runs.',
      'Give a default: env("NAME", "default").',
      'For credentials use secret("NAME"), which is read only where it is used.',
    ],
  },
  'config/template-cycle': {
    severity: 'error',
    since: '1.0',
    what: 'A template file includes itself, alone or through others.',
    why: 'It would have no end.',
    cure: ['Move what they share into a third file that includes neither.'],
  },
} as const satisfies Record<`config/${string}`, CodePage>
