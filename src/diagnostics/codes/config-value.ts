import type { CodePage } from './page.ts'

const MODEL = (line: string) =>
  `provider "simulated" {}\n\nmodel "fast" {\n  provider = provider.simulated\n  id       = "simulated-small"\n  ${line}\n}\n`
const PROMPT = (line: string) =>
  `${MODEL('timeout  = "30s"')}\nprompt "answer" {\n  model = model.fast\n  user  = "Say hello."\n  ${line}\n}\n`
const BUDGET = (line: string) => `budget "team" {\n  limit = "$5"\n  per   = "day"\n  ${line}\n}\n`

/** Values of arguments. */
export const configValueCodes = {
  'config/wrong-type': {
    severity: 'error',
    since: '1.0',
    what: 'A value has another type than is wanted.',
    example: 'variable "count" {\n  type    = number\n  default = «"many"»\n}\n\noutput "count" { value = var.count }\n',
    why: 'Only conversions that lose nothing are made: "10" and 10 become each other.',
    cure: ['Write a value of the type that the message names.', 'Or convert it: tostring(…), tonumber(…), tolist(…).'],
  },
  'config/out-of-range': {
    severity: 'error',
    since: '1.0',
    what: 'A number is outside of its range.',
    example: PROMPT('params { temperature = «3» }'),
    why: 'Providers refuse it, or take it for something else.',
    cure: ['Write a number within the range that the message names.'],
  },
  'config/not-one-of': {
    severity: 'error',
    since: '1.0',
    what: 'A word is not one of those that an argument knows.',
    example: PROMPT('on_truncated = «"ignore"»'),
    why: 'The words are a closed list: another one would do nothing.',
    cure: ['Take one of the words that the message lists.'],
  },
  'config/bad-duration': {
    severity: 'error',
    since: '1.0',
    what: 'A duration is not written as one.',
    example: MODEL('timeout  = «30»'),
    why: 'A bare number has no unit, and seconds and milliseconds are both usual.',
    cure: ['Write whole numbers with d, h, m, s and ms, from large to small: "1h30m".'],
  },
  'config/bad-percent': {
    severity: 'error',
    since: '1.0',
    what: 'A part of a whole is not written as a percentage.',
    example: BUDGET('warn_at = «[0.8]»'),
    why: 'A bare number may be a ratio or a percentage.',
    cure: ['Write a number and a percent sign: "80%".'],
  },
  'config/bad-timezone': {
    severity: 'error',
    since: '1.0',
    what: 'A time zone is not known.',
    example: BUDGET('timezone = «"Berlin"»'),
    why: 'Days and months begin at midnight somewhere, and an offset such as +01:00 knows no summer.',
    cure: ['Write the IANA name of a place: "Europe/Berlin", or "UTC".'],
  },
  'config/bad-money': {
    severity: 'error',
    since: '1.0',
    what: 'An amount of money is not written as one.',
    example: PROMPT('max_cost = «0.25»'),
    why: 'Money is counted in whole nano-dollars, and only dollars are known.',
    cure: ['Write it like "$0.25" or "$1,200".'],
  },
  'config/bad-bytes': {
    severity: 'error',
    since: '1.0',
    what: 'A size is not written as one.',
    example: `${MODEL('timeout  = "30s"')}\nprompt "answer" {\n  model = model.fast\n  input {\n    field "text" {\n      type      = string\n      max_bytes = «"64 kilobytes"»\n    }\n  }\n  user = input.text\n}\n`,
    why: 'KB (1,000) and KiB (1,024) differ, so the unit is said.',
    cure: ['Write a whole number with B, KB, MB, GB, KiB, MiB or GiB: "64KB".'],
  },
  'config/bad-pattern': {
    severity: 'error',
    since: '1.0',
    what: 'A pattern is not a regular expression that flowrun runs.',
    example: `${MODEL('timeout  = "30s"')}\nprompt "answer" {\n  model = model.fast\n  input {\n    field "code" {\n      type    = string\n      pattern = «"(a)\\\\1"»\n    }\n  }\n  user = input.code\n}\n`,
    why: 'Patterns are matched in linear time, so that no text can stall a run: look-arounds and back references are left out.',
    cure: ['Write the pattern without them.'],
  },
  'config/plain-secret': {
    severity: 'error',
    since: '1.0',
    what: 'A key is written as plain text.',
    example: 'provider "openai" { api_key = «"(a plain key)"» }\n',
    why: 'It would be in the repository, in every plan and in the registry.',
    cure: ['Put the key into the environment, and write secret("OPENAI_API_KEY").'],
    see: ['config/secret-not-allowed', 'docs/security.md'],
  },
  'config/secret-not-allowed': {
    severity: 'error',
    since: '1.0',
    what: 'A secret stands where it would be stored or shown.',
    example: PROMPT('description = «secret("OPENAI_API_KEY")»'),
    why: 'Versions are kept for ever and read by many. A secret is resolved only in the process that makes the call.',
    cure: ['Use secret() in api_key, headers and the like.', 'For a plain value from the environment: nonsensitive(env("NAME")).'],
    see: ['config/plain-secret'],
  },
  'config/sensitive-in-artifact': {
    severity: 'error',
    since: '1.0',
    what: 'A sensitive value would be published.',
    example: `variable "tone" {\n  default   = "calm"\n  sensitive = true\n}\n\n${PROMPT('description = «var.tone»')}`,
    why: 'A published version can be read by everybody who may see it, for ever.',
    cure: ['Use secret("NAME") where a call needs the value.', 'Or write nonsensitive(…) if it may be seen.'],
  },
  'config/sensitive-output': {
    severity: 'error',
    since: '1.0',
    what: 'An output would show a sensitive value.',
    example: 'variable "tone" {\n  default   = "calm"\n  sensitive = true\n}\n\noutput "tone" { value = «var.tone» }\n',
    why: 'Outputs are printed, and kept in the state.',
    cure: ['Add sensitive = true to the output.', 'Or write nonsensitive(…) if it may be seen.'],
  },
  'config/insecure-url': {
    severity: 'error',
    since: '1.0',
    what: 'An address is not encrypted, or is no URL.',
    example: 'provider "openai" { base_url = «"http://api.example.com/v1"» }\n',
    why: 'Keys and prompts would be readable on the way.',
    cure: ['Use https://.', 'Addresses of this machine may be http://; a private network needs allow_private = true.'],
  },
  'config/invalid-variable': {
    severity: 'error',
    since: '1.0',
    what: 'A validation of a variable does not hold.',
    example:
      'variable "tier" {\n  default = "huge"\n  validation {\n    condition     = «contains(["small", "large"], var.tier)»\n    error_message = "tier must be small or large."\n  }\n}\n\noutput "tier" { value = var.tier }\n',
    why: 'The author of the configuration said so.',
    cure: ['Give a value that the message allows.'],
  },
  'config/expression-too-long': {
    severity: 'error',
    since: '1.0',
    what: 'An expression that is stored for later is longer than 64 KB.',
    why: 'It is parsed in every process that runs the flow.',
    cure: ['Move large values into the input, or into a file that is read as a template.'],
  },
} as const satisfies Record<`config/${string}`, CodePage>
