import { INVARIANTS } from '../../shared/testing/oracle/invariants/index.ts'
import { BUGS } from '../../simulation/planted/bugs.ts'
import { readCaught } from '../../simulation/planted/caught.ts'
import { markdownFile, type GeneratedFile } from './generator.ts'

const cell = (text: string): string => text.replaceAll('|', '\\|')

/** `docs/reference/proof.md`: what is checked, and which mistakes that finds. */
export const proofReference: GeneratedFile = markdownFile('docs/reference/proof.md', () => {
  const caught = readCaught()
  const found = BUGS.filter(({ id }) => caught[id] !== undefined)
  const missed = BUGS.filter(({ id }) => caught[id] === undefined)
  return [
    '# Proof',
    'What always holds, and how it is known that a breach of it would be seen. The checkers (`shared/testing/oracle`) read what an API server was asked, from its audit log or the journal of the simulated one; the same ones judge simulations and runs on real clusters. What a tenant may try is [a table of its own](tenant.md).',
    '## Invariants',
    `| | always |\n|---|---|\n${INVARIANTS.map(({ invariant, title }) => `| ${invariant} | ${cell(title)} |`).join('\n')}`,
    '## Planted bugs',
    `${found.length} mistakes that somebody could make (\`simulation/planted/bugs.ts\`), each put into the sources while a simulation loads them. \`make test\` runs each with the seed that caught it on the day of this table (and then with some others), and fails when none breaks that invariant any more, when what catches it is broken without the bug as well, or when the text that it changes is gone. \`node simulation/planted/hunt.ts ID\` looks for a seed.`,
    `| bug | caught by | seed | at |\n|---|---|---|---|\n${found.map(({ id, title }) => `| ${cell(title)} (\`${id}\`) | ${caught[id]?.invariant} | ${caught[id]?.seed} | ${cell(caught[id]?.where ?? '')}: ${cell(caught[id]?.why ?? '')} |`).join('\n')}`,
    ...(missed.length === 0 ? [] : [`Looked for, and not caught by a simulation so far: ${missed.map(({ title, id }) => `${title} (\`${id}\`)`).join('; ')}.`]),
    '## Faults on a real API server',
    'A proxy between controller and API server resets, drops, delays and truncates requests and answers, answers 409, 429 in three forms, 500 and 504 before and after the write has landed; the controller is killed before a write, after it, and between its answer and the record. Eighteen named writes of eight acts: every pair of fault, act and write is in `make test`, all three together in `make faults`; and every fault at the writes by which a breaker opens and half-opens, while nothing helps. Beside them: a policy in mode dryrun, a person who approves, the kill switch while its watch is silent; watches that are cut, silent, stale or answer 410 in both forms; two leaders with election off; a leader that stands still past its lease; clocks that jump; API server and etcd restarted; etcd so slow that a read takes a second; etcd restored from a backup. How, and with what in place of a kubelet: [design note 35](../design/0035-faults-and-the-oracle.md).',
    '## Limits',
    'Ten million steps of a policy\'s own limit, and ten million of that of the whole cluster: two controllers share it, over at least 50 restarts, clocks that jump, old copies and writes that land late. Never more than the limit land within an hour by the API server\'s clock. And nothing is refused while fewer than the limit are under way, or were known to have landed within the last hour and seven seconds: five by which an act counts longer than its hour, and two by which an estimate of that clock may be behind. These begin when it was known that the act had landed, which may be long after it did. A half-open breaker lets one act through in 50 of 50 lives that crash while it is tried. A storm gate does not flap while health swings. Budgets hold through changes of the clocks in three zones.',
    '## Not shown',
    [
      'Scale: what one controller does with ten thousand pods and five hundred policies, and [three that share them](performance.md#several-controllers) while one of them is killed, is measured by hand and by no test: a change that makes it slower fails nothing. The tests of [shards](../guide/operating.md#shards) have a hundred pods, and the simulation knows no shards.',
      'The simulation plans no foreign namespaces and no alert or event triggers. One plan of nine lasts long enough for an hour to slide in it, the others 25 minutes.',
      'Where a checker has to take the word of the controller (the time of a reservation, the state of a breaker), it can only see that what was done fits it.',
      'In the runs with faults on a real API server nothing is malformed: the invariant about that is kept there without being put to the test.',
      'On the real API server, I16 is judged by the time that a trial gives its actions to end, five to ten minutes, and not by the deadline of the checker: that begins when faults end, and there they end with the history.',
      'I17 is not judged there, and of I20 only that a decision says what was seen, and since when: nothing tells the checkers there that all is quiet, or that a trigger has no data ([design note 35](../design/0035-faults-and-the-oracle.md#what-it-does-not-show)).',
      'Of the writes of an act to its workload only the first two are points of their own. A third one, as of a workload with more pods, has no fault aimed at it.',
      'An API server that answers reads from a stale store is not tried there: lines of watches come late, or not at all, or are asked for from a version of the future, and every read is answered from what is stored.',
      'No AI is in the controller yet: the half of I14 that is about what a model proposes is empty.',
    ].map((line) => `- ${line}`).join('\n'),
  ].join('\n\n')
})
