/** Expressions that are small to write and large to evaluate, for every language that a policy may hold. */
const nested = (open: string, inner: string, close: string, depth: number): string => `${open.repeat(depth)}${inner}${close.repeat(depth)}`

const REGEX = [
  '(a+)+$', '(a*)*b', '(x+x+)+y', '^(([a-z])+.)+[A-Z]([a-z])+$', '(.*a){20}', '((a{1,100}){1,100}){1,100}', '(?:a?){500}a{500}', '.{1,1000}.{1,1000}', '\\pN{900}',
  `(?i)${'[a-zß-ÿ]*'.repeat(40)}`, nested('(', 'a', ')*', 200), nested('(?:', 'a|b', ')+', 60), '|'.repeat(1000), '(?=a)*', '[^\\x00-\\x{10FFFF}]', '\\Q'.repeat(100), `(${'a|'.repeat(500)})*`,
]
const PROMQL = [
  nested('(', '1', ')', 2000), `${'-'.repeat(3000)}1`, Array.from({ length: 1000 }, () => 'a').join(' + '), nested('rate(', 'x[5m]', ')', 300), `{__name__=~"${'(a+)+'.repeat(40)}"}`,
  `up{${Array.from({ length: 400 }, (_, index) => `l${index}="x"`).join(',')}} > 0`, 'x[999999999999y]', 'x offset -99999999999999999999w', `sum by (${'a,'.repeat(900)}a) (x) > 1`, `"${'\\'.repeat(2001)}"`, nested('sum(', 'x', ') > 1', 200), '{'.repeat(2000),
  Array.from({ length: 300 }, () => 'on(a) group_left(b)').join(' x and '),
]
const CRON = ['0 0 31 2 *', '0 0 29 2 1', '59 23 31 12 6', '*/1 */1 */1 */1 *', `${Array.from({ length: 60 }, (_, index) => index).join(',')} * * * *`, `${'0-59/1,'.repeat(40)}0 * * * *`, '0 0 * * 7#5', '0 0 L * L', '* * * * * *', '99999999999 * * * *', '0 0 30 2 *', '@every 1ns']
const YAML = [
  `a: &a [x]\n${Array.from({ length: 30 }, (_, index) => `k${index}: &k${index} [${Array.from({ length: 9 }, () => (index === 0 ? '*a' : `*k${index - 1}`)).join(', ')}]`).join('\n')}`,
  `a: &a\n  b: *a`, nested('{a: ', '1', '}', 1500), nested('[', '1', ']', 1500), `${'? '.repeat(1500)}a`, `${'- '.repeat(1500)}a`, `a: !!binary ${'A'.repeat(3000)}`, '!!js/function a', `<<: [${'*x,'.repeat(400)}]`, `? {${'a,'.repeat(900)}}\n: 1`, `"${'\\'.repeat(1999)}"`,
]
const JSON_PATCH = [
  JSON.stringify([{ op: 'add', path: '/metadata/annotations', value: { a: 'x' } }, ...Array.from({ length: 40 }, (_, index) => ({ op: 'copy', from: '/metadata/annotations', path: `/metadata/annotations/k${index}` }))]),
  JSON.stringify(Array.from({ length: 60 }, (_, index) => ({ op: 'copy', from: '', path: `/k${index}` }))),
  JSON.stringify([{ op: 'move', from: '/spec', path: '/spec/template/spec' }]), JSON.stringify([{ op: 'add', path: '/a'.repeat(900), value: 1 }]), JSON.stringify([{ op: 'add', path: '/spec/template/spec/containers/99999999999', value: 1 }]),
  JSON.stringify([{ op: 'replace', path: `/${'~1~0'.repeat(500)}`, value: 1 }]), JSON.stringify([{ op: 'add', path: '/__proto__/polluted', value: 1 }, { op: 'add', path: '/constructor/prototype/polluted', value: 1 }]),
  '{"spec":{"template":{"spec":{"containers":[{"$patch":"delete","name":"a"}],"$setElementOrder/containers":[{"name":"a"}],"$retainKeys":["a"]}}}}', `{"__proto__":{"polluted":1},"metadata":{"annotations":{"__proto__":"x"}}}`,
]
const VALUES = [
  '9'.repeat(4000) + 'h', '1h'.repeat(900), '1e99999999', '9'.repeat(400), '-0', 'NaN', '1Ei'.repeat(300), '\u0000', '\ud800', '\udc00x', '\u202e'.repeat(300), 'e\u0301'.repeat(2000), '😀'.repeat(3000), '__proto__', 'constructor', 'toString', '%s%n%x', '*', `${'a.'.repeat(120)}a/${'x'.repeat(63)}`,
  `${'spec.'.repeat(800)}x`, 'metadata.annotations[', `spec.template.spec.containers[${'name='.repeat(200)}]`, '2030-01-01T00:00:00Z'.repeat(50), 'Europe/'.repeat(100), 'x'.repeat(200_000), `{{${'{{'.repeat(500)}`,
]

export const BOMBS: readonly string[] = [...REGEX, ...PROMQL, ...CRON, ...YAML, ...JSON_PATCH, ...VALUES]
