/** What a word can be in an attempt to turn a model: a set of these bits. */
export const ROLE = {
  /** ignore, forget, override */
  drop: 1,
  /** follow, obey: dropped when there is a "not" before it */
  follow: 2,
  not: 4,
  /** previous, all, your */
  prior: 8,
  /** above, before, told: where or that something was said */
  before: 16,
  /** instructions, rules, prompt */
  orders: 32,
  /** everything */
  everything: 64,
  /** print, reveal, repeat */
  show: 128,
  /** what, which: asks for, where it says whose */
  ask: 256,
  /** your */
  yours: 512,
  /** system, hidden, initial */
  inner: 1024,
  /** what a model was told: prompt, instructions, message */
  told: 2048,
  /** text: what stands above */
  text: 4096,
  /** pretend, act */
  pretend: 8192,
  /** you are: counts with `machine` */
  are: 16384,
  /** AI, mode, now */
  machine: 32768,
  /** without, no */
  without: 65536,
  /** restrictions, filters, limits */
  limits: 131072,
  /** bypass, disable */
  disable: 262144,
  /** safety, content, filters */
  safety: 524288,
  /** moderation: needs no second word */
  moderation: 1048576,
  /** new, these, following */
  fresh: 2097152,
} as const

/** Words or beginnings of words (with `*`), for each role, in English, German, French, Spanish, Italian, Dutch, Portuguese, Polish and Russian. */
const LEXICON: readonly (readonly [roles: readonly (keyof typeof ROLE)[], words: string])[] = [
  [
    ['drop'],
    `ignore ignoring disregard forget override overrule neglect discard dismiss
     ignoriere ignorier ignorieren ignoriert vergiss vergesst vergessen missachte missachten verwirf
     ignorez oublie oubliez oublier négligez
     ignora ignorar olvida olvide olvidar omite descarta omiso desobedece
     ignori ignorare dimentica dimenticare dimentichi trascura
     negeer negeren vergeet esqueça esquece zignoruj ignoruj zapomnij игнорируй игнорируйте проигнорируй забудь забудьте`,
  ],
  [
    ['follow'],
    'follow obey heed adhere befolge befolgen befolgt beachte beachten suis suivez tiens tenez respecte respectez sigas siga obedezcas seguire seguite rispettare volg siga следуй',
  ],
  [['not'], 'not never don dont no non n ne nicht niemals pas jamais nunca mai niet nie не'],
  [
    ['prior'],
    `previous* prior preceding earlier former past all any every given
     vorherige* vorige* bisherige* früher* obige* alle sämtliche vorher
     précédent* antérieur* toutes tous données
     anterior* previas previos previa previo todas todos
     precedent* tutte tutti
     eerdere poprzedni* wszystkie предыдущ* все`,
  ],
  [
    ['prior', 'yours'],
    'your yours deine deiner deinen dein ihre tes ton vos votre tus sus tu su tue tuoi tuo vostre jouw uw twoje твои ваши',
  ],
  [
    ['prior', 'before'],
    'above before said told oben obenstehend* darüber über gesagt vorher dessus ci-dessus haut avant dit arriba antes dicho sopra prima detto boven acima powyżej выше',
  ],
  [
    ['orders', 'told'],
    `instruction* prompt prompts rule rules guideline* directive* directions commands programming training
     anweisung* instruktion* regel regeln vorgaben richtlinien befehle
     consigne* règle règles ordres
     instruccion* indicaciones regla reglas directrices órdenes
     istruzion* regole direttive indicazioni
     instructies regels instruções regras instrukcj* polecenia инструкци* правила промпт*`,
  ],
  [['everything'], 'everything anything alles tout todo tutto всё'],
  [
    ['show'],
    `print reveal show repeat output display tell leak dump disclose expose recite
     zeige zeig zeigen gib wiederhole verrate nenne drucke enthülle offenbare
     affiche affichez révèle révélez répète répétez montre montrez donne
     muestra muéstrame muestrame revela repite imprime enséñame dime
     mostra mostrami rivela ripeti stampa dimmi
     toon mostre revele pokaż покажи выведи`,
  ],
  [['ask'], 'what which wie welche lauten lautet quel quelle quelles quels cuál cuáles qué quali qual'],
  [
    ['inner'],
    `system initial original hidden secret confidential internal developer underlying
     geheime* verborgene* interne* versteckte* ursprüngliche*
     système caché* secrète* initial
     sistema oculta* oculto* inicial* secreta*
     nascost* segrete iniziale
     системн*`,
  ],
  [['inner', 'told'], 'systemprompt* system-prompt* systeemprompt*'],
  [['told'], 'message configuration nachricht mensaje messaggio'],
  [['text'], 'text texte texto testo'],
  [['pretend'], 'pretend act roleplay behave hättest simule finge fingi'],
  [['are'], 'are bist es eres sei respond'],
  [['machine'], 'ai ki ia llm bot model mode ki-system assistant now jetzt maintenant ahora ora'],
  [['without'], 'without no ohne keine keinerlei sans aucune aucun sin ninguna senza nessuna sem'],
  [
    ['limits'],
    `restriction* filter filters limit limits limitations rules censorship ethics policy
     einschränkung* beschränkung* regeln grenzen limite* filtre* règles
     restriccion* límites filtros reglas limitazioni restrizioni filtri limiti regole`,
  ],
  [['disable'], 'bypass disable deactivate circumvent off umgehe deaktiviere contourne désactive desactiva disattiva aggira'],
  [['safety'], 'safety content filter filters checks security policy policies'],
  [['moderation'], 'moderation guardrails sicherheitsfilter moderación moderazione modération'],
  [['fresh'], 'new these following neue neuen folgende folgenden nouvelles ces nuevas estas nuove queste'],
]

const EXACT = new Map<string, number>()
/** By their first letters: most words of a text begin like none of them. */
const BEGINNINGS = new Map<string, [beginning: string, roles: number][]>()
const FIRST_LETTERS = 3

for (const [roles, words] of LEXICON) {
  const bits = roles.reduce((sum, role) => sum | ROLE[role], 0)
  for (const word of words.split(/\s+/)) {
    if (!word.endsWith('*')) {
      EXACT.set(word, (EXACT.get(word) ?? 0) | bits)
      continue
    }
    const first = word.slice(0, FIRST_LETTERS)
    BEGINNINGS.set(first, [...(BEGINNINGS.get(first) ?? []), [word.slice(0, -1), bits]])
  }
}

/** All roles of a word in small letters; 0 for most words. */
export function rolesOf(word: string): number {
  let bits = EXACT.get(word) ?? 0
  for (const [beginning, more] of BEGINNINGS.get(word.slice(0, FIRST_LETTERS)) ?? []) if (word.startsWith(beginning)) bits |= more
  return bits
}

/** Whole phrases, for languages that write no spaces and for what is said in one way only; each with its weight. */
export const PHRASES: readonly (readonly [weight: number, pattern: RegExp])[] = [
  [0.85, /忽略(?:以上|之前|先前|所有|上述)[^。\n]{0,12}(?:指令|指示|提示|规则)/g],
  [0.7, /(?:输出|显示|告诉我|重复)[^。\n]{0,8}(?:系统)?提示词/g],
  [0.85, /(?:以前|これまで|上記|前)の[^。\n]{0,8}(?:指示|命令|指令)を[^。\n]{0,8}(?:無視|忘れ)/g],
  [0.7, /システム ?プロンプト[^。\n]{0,6}(?:表示|教え|出力)/g],
  [0.8, /(?<!\p{L})(?:developer|jailbreak|god|dan) mode(?!\p{L})[^.\n]{0,30}(?:without|no |unrestricted|enabled|activated)/gu],
  [0.6, /(?<!\p{L})(?:enable|activate|enter|aktiviere|activa|active) (?:the )?(?:jailbreak|god|dan|unrestricted)(?: mode)?(?!\p{L})/gu],
  [0.6, /(?<!\p{L})you are (?:now )?(?:dan|stan|evilbot|an? (?:unrestricted|unfiltered|uncensored|jailbroken))(?!\p{L})/gu],
  [0.6, /(?<!\p{L})system override(?!\p{L})/gu],
  [0.6, /(?<!\p{L})(?:your|the) (?:previous|current|original) task is (?:cancelled|canceled|over|done)/gu],
  [0.35, /(?<!\p{L})your (?:new|real|actual|true) (?:task|goal|job|instructions?|role) (?:is|are)(?!\p{L})/gu],
  [
    0.35,
    /(?<!\p{L})new (?:instructions?|orders|policy|rules) from (?:the )?(?:developer|system|admin\p{L}{0,12}|openai|anthropic)(?!\p{L})/gu,
  ],
  [0.25, /(?<!\p{L})(?:new|neue|nouvelles|nuevas|nuove) (?:instructions?|anweisungen|instrucciones|istruzioni)(?!\p{L})/gu],
  [0.3, /(?<!\p{L})(?:from now on|ab jetzt|à partir de maintenant|a partir de ahora|d'ora in poi)(?!\p{L})/gu],
  [
    0.4,
    /(?<!\p{L})(?:you (?:will |must |shall )?(?:now )?obey me|obedeces mis órdenes|(?:who has )?no ethical (?:limits|rules))(?!\p{L})/gu,
  ],
  [
    0.6,
    /(?<!\p{L})(?:note|message|instructions?|attention|hinweis|nota) (?:to|for|an|pour|para|per) (?:the |any |die |l'|la )?(?:ai|llm|ki|ia|language model|assistant|chatbot)(?!\p{L})/gu,
  ],
  [0.6, /(?<!\p{L})(?:ai|assistant|llm|language model)s? (?:assistants? )?(?:reading|processing|summarizing|summarising) this(?!\p{L})/gu],
  [0.55, /(?<!\p{L})if you are (?:an? )?(?:ai|llm|large language model|language model|chatbot|assistant)(?!\p{L})/gu],
  [0.55, /(?<!\p{L})(?:do|must) not (?:mention|reveal|disclose) (?:these|this|the) (?:instructions?|prompt|message)(?!\p{L})/gu],
  [0.2, /(?<!\p{L})(?:i am|i'm) your (?:developer|creator|administrator|admin)(?!\p{L})/gu],
  [0.5, /(?<!\p{L})starting with ["'“]?you are(?!\p{L})/gu],
]
