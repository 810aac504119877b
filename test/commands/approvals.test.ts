import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { prompt } from '../support/configuration.ts'
import { typeCommand } from '../support/typed-command.ts'

const settings = 'environment "dev" {}\nenvironment "prod" { protected = true }\n'
const answer = (text: string) => `${settings}${prompt(`user = "${text}"`)}`

/** A project, and what is typed in it where nobody can be asked. */
function shell(t: Test, text: string) {
  const directory = t.testdir({})
  const write = (configuration: string) => writeFileSync(join(directory, 'main.flow.hcl'), configuration)
  write(text)
  const type = (...words: readonly string[]) => typeCommand(directory, words)
  return { write, type }
}

/** The prompt was rolled back from its second text, which the configuration still has. */
async function rolledBack(t: Test) {
  const { write, type } = shell(t, answer('One.'))
  await type('apply', '-e', 'dev', '--yes')
  write(answer('Two.'))
  await type('apply', '-e', 'dev', '--yes')
  t.match(await type('rollback', 'prompt.answer', '-e', 'dev', '--yes', '--reason', 'too long'), { code: 0 })
  return { write, type }
}

t.test('HOLD-3: an override of a hold is no approval: the release is asked about like any other', async t => {
  const { type } = await rolledBack(t)
  const override = ['apply', '-e', 'dev', '--override-hold', 'measured again']
  t.match(await type(...override), { code: 1, err: /Apply needs an approval.*\[cli\/needs-approval\]/ })
  t.match(await type('holds', '-e', 'dev'), { out: /prompt\.answer@2/ }, 'it is held still')
  const done =
    /Apply lifts this hold: "measured again"\n {2}! prompt\.answer {3}@2 .*\nApply complete! Release 4 of dev.*\nLifted the hold on prompt\.answer@2\.\n/
  t.match(await type(...override, '--yes'), { code: 0, out: done })
})

t.test('HOLD-3: each form of an apply says which holds it lifted', async t => {
  const { type } = await rolledBack(t)
  const form = (format: string) => type('apply', '-e', 'dev', '--yes', '--override-hold', 'measured again', '--format', format)
  const json = await form('json')
  t.match(JSON.parse(json.out), {
    applyable: true,
    obstacles: [],
    holds_lifted: [{ address: 'prompt.answer', version: 2 }],
    release: { number: 4 },
  })
  t.match(await type('rollback', 'prompt.answer', '-e', 'dev', '--yes', '--reason', 'too long again'), { code: 0 })
  t.match(await type('plan', '-e', 'dev', '-json'), { out: /"type":"obstacle","obstacle":\{"kind":"held","address":"prompt\.answer"/ })
  t.match(await form('markdown'), { code: 0, out: /\*\*Holds lifted\*\* \(measured again\): `prompt\.answer@2` of release 5/ })
  t.match(await type('rollback', 'prompt.answer', '-e', 'dev', '--yes', '--reason', 'and again'), { code: 0 })
  t.match(await form('jsonl'), { code: 0, out: /"type":"hold_lifted","hold":\{.*"reason":"measured again"/ })
})

t.test('HOLD-6: what no reason lets through is refused, and not asked about', async t => {
  const { write, type } = shell(t, answer('One.'))
  await type('apply', '-e', 'dev', '--yes')
  write(answer('One.').replaceAll('fast', 'slow'))
  t.match(await type('apply', '-e', 'dev', '--yes'), { code: 0 })
  const back = await type('rollback', 'prompt.answer', '-e', 'dev', '--reason', 'too slow', '--force-incompatible', 'it is meant')
  t.match(back, { code: 3, err: /\[release\/dangling-reference\]/ })
})

t.test('a reason has words', async t => {
  const { type } = await rolledBack(t)
  const empty = (flag: string) => ({ code: 1, err: new RegExp(`--${flag} cannot be " ?" {2}\\[cli/bad-flag-value\\]`) })
  t.match(await type('rollback', 'prompt.answer', '--to', '2', '-e', 'dev', '--yes', '--reason', ''), empty('reason'))
  t.match(await type('rollback', '-e', 'dev', '--yes', '--reason', 'x', '--override-hold', ' '), empty('override-hold'))
  t.match(await type('rollback', '-e', 'dev', '--yes', '--reason', 'x', '--force-incompatible', ''), empty('force-incompatible'))
  t.match(await type('apply', '-e', 'dev', '--yes', '--override-hold', ''), empty('override-hold'))
  t.match(await type('apply', '-e', 'dev', '--yes', '--accept-registry', ''), empty('accept-registry'))
  t.match(await type('promote', '--from', 'dev', '--to', 'prod', '--yes', '--override-hold', ''), empty('override-hold'))
  t.match(await type('import', 'prompt.answer', 'prompt.answer@2', '-e', 'dev', '--take-over', ''), empty('take-over'))
  t.match(await type('holds', 'lift', 'prompt.answer', '-e', 'dev', '--reason', ' '), empty('reason'))
})

t.test('a saved plan destroys a protected environment only with consent', async t => {
  const { type } = shell(t, answer('One.'))
  await type('apply', '-e', 'prod', '--yes')
  t.match(await type('plan', '-e', 'prod', '-destroy', '-out', 'end.plan'), { code: 0 })
  t.match(await type('apply', 'end.plan'), { code: 1, err: /\[apply\/protected\]/ })
  t.match(await type('apply', 'end.plan', '-allow-protected'), { code: 0, out: /Destroy complete! Release 2 of prod/ })
})

t.test('a saved plan says itself what is applied, and takes no flag that says otherwise', async t => {
  const { type } = shell(t, answer('One.'))
  t.match(await type('plan', '-e', 'dev', '-out', 'first.plan'), { code: 0 })
  for (const flag of ['--target=prompt.answer', '-destroy', '-refresh=false', '--var=a=b', '--environment=prod']) {
    const { code, err } = await type('apply', 'first.plan', flag)
    t.match({ code, err }, { code: 1, err: /\[cli\/conflicting-flags\]/ }, flag)
  }
  t.match(await type('apply', 'first.plan', '-e', 'dev'), { code: 0, out: /Apply complete! Release 1 of dev/ })
})
