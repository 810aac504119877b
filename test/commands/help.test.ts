import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { commands } from '../../src/commands/index.ts'
import { type CommandFacts, commandHelpText, rootHelpText } from '../../src/views/help.ts'
import { builtCli, projectRoot } from '../support/built-cli.ts'

builtCli()
const manifest = JSON.parse(readFileSync(join(projectRoot, 'oclif.manifest.json'), 'utf8')) as { commands: Record<string, CommandFacts> }
const facts = Object.values(manifest.commands).map(command => ({ ...command, id: command.id.replaceAll(':', ' ') }))

t.test('flowrun --help lists every command that there is, and no other', t => {
  t.same(
    facts.map(command => command.id),
    Object.keys(commands),
  )
  const text = rootHelpText(facts)
  for (const { id, hidden } of facts) t.equal(new RegExp(`^  (.*, )?${id}\\b`, 'm').test(text), !hidden, id)
  t.ok(text.split('\n').length <= 60)
  t.end()
})

for (const command of facts) {
  t.test(`flowrun ${command.id} --help has the shape of all others`, t => {
    const text = commandHelpText(command)
    const [summary = '', empty, usage] = text.split('\n')
    t.match(summary, /^[A-Z].*[^.]$/, 'one sentence without a full stop')
    t.equal(empty, '')
    t.match(usage, new RegExp(`^Usage: flowrun ${command.id}\\b`))
    t.match(text, /\nExit codes: 0 done/)
    t.ok(text.split('\n').length <= 60, 'at most 60 lines')
    for (const line of text.split('\n')) t.ok(line.length <= 100, line)
    t.ok((command.examples?.length ?? 0) >= 1 && (command.examples?.length ?? 0) <= 4, 'one to four examples')
    for (const example of command.examples ?? []) t.match(example, /flowrun/)
    for (const flag of Object.values(command.flags)) if (!flag.hidden) t.ok(flag.summary, `--${flag.name} says what it does`)
    t.end()
  })
}
