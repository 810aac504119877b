import t from 'tap'
import { formatSource } from '../../src/hcl/format.ts'

const cases: readonly (readonly [string, string, string])[] = [
  [
    'arguments of neighbouring lines are aligned, comments too',
    'prompt "answer"{\nmodel=model.fast#which\nmax_tokens   =   400   // how long\n\nuser=input.question\n}\n',
    'prompt "answer" {\n  model      = model.fast #which\n  max_tokens = 400        // how long\n\n  user = input.question\n}\n',
  ],
  [
    'the text of a heredoc stays as it is',
    'prompt "a" {\nuser=<<-EOT\n      Hi ${ input.name },\n  bye\n    EOT\nsystem="x"\n}\n',
    'prompt "a" {\n  user   = <<-EOT\n      Hi ${input.name},\n  bye\n    EOT\n  system = "x"\n}\n',
  ],
  ['brackets that open together indent once', 'a = f([{\nb = 1\n}])\n', 'a = f([{\n  b = 1\n}])\n'],
  [
    'comments stay, and are indented with what is around them',
    'a {\n# one\n/* two */\nb=1\n}\n',
    'a {\n  # one\n  /* two */\n  b = 1\n}\n',
  ],
  ['a last line without a newline gets none', 'a=1', 'a = 1'],
  ['CRLF stays', 'a {\r\nb=1\r\n}\r\n', 'a {\r\n  b = 1\r\n}\r\n'],
  ['labels are quoted', 'prompt a "b" c{\n}\n', 'prompt "a" "b" "c" {\n}\n'],
  [
    'an interpolation alone stands without quotes',
    'a = "${ b.c }"\nd="${e} "\nf = "${\ng}"\nh = "${"${i}"}"\n',
    'a = b.c\nd = "${e} "\nf = "${\ng}"\nh = i\n',
  ],
  ['a text with errors is laid out as far as it can be', 'a={\nb c=1\n', 'a = {\n  b c = 1\n'],
  ['tabs become blanks', 'a\t{\n\tb\t=\t1\n}\n', 'a {\n  b = 1\n}\n'],
  ['a byte order mark goes', '\ufeffa=1\n', 'a = 1\n'],
  ['wide characters count as one column', 'a = "é" # x\nbb = "👩‍💻" # y\n', 'a  = "é" # x\nbb = "👩‍💻" # y\n'],
]

for (const [name, text, wanted] of cases) {
  t.test(name, t => {
    t.equal(formatSource(text), wanted)
    t.equal(formatSource(wanted), wanted, 'twice is once')
    t.end()
  })
}
