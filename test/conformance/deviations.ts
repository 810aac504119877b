/**
 * Cases of the corpus that flowrun answers differently, on purpose, each with its reason. A case is named by its file and
 * its id, or its number where it has no id. A listed case that does not deviate fails its test; so does an unlisted one that does.
 * docs/language.md tells users of each.
 */
export const deviations: Readonly<Record<string, string>> = {
  'cases.json#empty (json syntax)': 'the JSON form of HCL is not read',
  'cases.json#expressions/operators': 'numbers are doubles: 3.14159… of 62 digits + 1 is rounded, 11 % 5.1 is 0.8000000000000007',
  'cases.json#expressions/primitive_literals': 'numbers are doubles: a literal of 62 digits becomes the nearest',
  'gotests/config_diagnostics.json#unclosed quoted template at literal part':
    'cli.md 3.16: a string without its end is underlined from its opening quote',
  'gotests/parse_config.json#TestParseConfig#38': 'one error for a character that means nothing, not a second for what it stands for',
  'gotests/parse_config.json#TestParseConfig#40': 'one error for a string in backticks, not a second for the missing expression',
  'gotests/parse_config.json#TestParseConfig#41': 'one error for a string in single quotes, not a second for the missing expression',
  'gotests/parse_config.json#TestParseConfig#43': 'one error for a string without its end, not a second for the block that it hides',
  'gotests/traversals.json#11': 'an address names one block, so it has no splat',
  'gotests/expressions.json#TestExpressionParseAndValue#135': '[*] of null is [], for a null list too',
  'gotests/expressions.json#TestExpressionParseAndValue#227': 'stricter: an unknown function is an error also where && does not need it',
  'gotests/expressions.json#TestExpressionParseAndValue#229': 'stricter: an unknown function is an error also where || does not need it',
  'gotests/type_expressions.json#42': 'optional() takes a default as its second argument, as in Terraform',
  'oracle/expressions.json#c063': 'stricter: 5 % 0 is an error',
  'oracle/expressions.json#c183': 'the indentation of a <<- text comes off before strip markers do, so the line after ~} loses it too',
  'oracle/expressions.json#c309': 'type() is a function everywhere, and not in the console alone',
  'oracle/expressions.json#c317': 'no abspath(): a path of the machine that plans would enter what is published',
}

/** Cases of the whole corpus, by its README: at most 2 % may deviate. */
export const CORPUS_SIZE = 961
