/**
 * What a kubelet says of CPU periods at `/metrics/cadvisor`, in the text format of Prometheus: two of its hundreds of
 * series. A page may be tens of megabytes, so it is read line by line and nothing else of it is kept. Pure.
 */
import { instant, type Instant, type Millis } from '../../../shared/lib/time.ts'
import type { Counter } from '../../triggers/metric/throttling.ts'

export interface CounterSample {
  readonly counter: Counter
  readonly namespace: string
  readonly pod: string
  /** Of the pod, from the name of its cgroup; empty where that does not tell. */
  readonly uid: string
  /** Empty: of the whole pod. */
  readonly container: string
  readonly cgroup: string
  /** By the clock of the node; undefined: the kubelet does not say. */
  readonly at: Instant | undefined
  readonly value: number
}

const FAMILIES: ReadonlyMap<string, Counter> = new Map([
  ['container_cpu_cfs_periods_total', 'periods'],
  ['container_cpu_cfs_throttled_periods_total', 'throttled'],
])
const BEGIN = 'container_cpu_cfs_'
/** A node with no container at all still has its own cgroups. */
const ANY = 'container_'

/** Characters. Labels and a name of an image in it are some hundreds. */
const LONGEST_LINE = 64 * 1024
/** Two of each container; a node has some hundreds of containers. */
const MOST_SAMPLES = 20_000

export type Page = { readonly kind: 'Page'; readonly samples: readonly CounterSample[] } | { readonly kind: 'Wrong'; readonly what: string }

const wrong = (what: string): Page => ({ kind: 'Wrong', what })

/** Chunks come in by `push`, until it or `end` says what is wrong. */
export class PageReader {
  readonly #decoder = new TextDecoder('utf-8')
  readonly #samples: CounterSample[] = []
  #rest = ''
  #isCadvisor = false

  /** Defined: there is no use in reading on. */
  push(chunk: Uint8Array): Page | undefined {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      const found = this.#take(line)
      if (found !== undefined) return found
    }
    return this.#rest.length > LONGEST_LINE ? wrong(`answered a line of more than ${LONGEST_LINE / 1024} KiB: that is no page of metrics`) : undefined
  }

  end(): Page {
    // The format ends every line.
    if (this.#rest !== '') return wrong('answered a page that ends within a line')
    return this.#isCadvisor ? { kind: 'Page', samples: this.#samples } : wrong('answered a page without any metric of a container: something else listens there')
  }

  #take(line: string): Page | undefined {
    if (!line.startsWith(ANY)) return undefined
    this.#isCadvisor = true
    if (!line.startsWith(BEGIN)) return undefined
    const name = /^[a-z_]+/.exec(line)?.[0] ?? ''
    const counter = FAMILIES.get(name)
    if (counter === undefined) return undefined
    const sample = parseSample(counter, line.slice(name.length))
    if (sample === undefined) return wrong(`answered a line of ${name} that cannot be read`)
    // Of a cgroup that is no pod's, as of a whole class of them.
    if (sample.pod === '' || sample.namespace === '') return undefined
    if (this.#samples.push(sample) > MOST_SAMPLES) return wrong(`answered more than ${MOST_SAMPLES} counters of CPU periods`)
    return undefined
  }
}

/** After the braces the value, and when: in milliseconds. */
const END = /^ *([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?)(?: +([0-9]{1,15}))? *\r?$/

function parseSample(counter: Counter, text: string): CounterSample | undefined {
  const labels = new Map<string, string>()
  const end = parseLabels(text, labels)
  const [, value = '', time] = (end === undefined ? undefined : END.exec(text.slice(end))) ?? []
  const number = Number(value)
  if (value === '' || !Number.isFinite(number)) return undefined
  const of = (name: string): string => labels.get(name) ?? ''
  const cgroup = of('id')
  return {
    counter,
    namespace: of('namespace'),
    // The whole pod's cgroup has no container and no name; what has a name but no container holds the pod's network.
    pod: of('container') === '' && of('name') !== '' ? '' : of('pod'),
    uid: uidOf(cgroup),
    container: of('container'),
    cgroup,
    at: time === undefined ? undefined : instant(Number(time)),
    value: number,
  }
}

const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"/y

/** Where they end; undefined: they are none, or one is there twice. */
function parseLabels(text: string, into: Map<string, string>): number | undefined {
  if (text[0] !== '{') return undefined
  for (let at = 1; ; at++) {
    if (text[at] === '}') return at + 1
    LABEL.lastIndex = at
    const [whole, name = '', value = ''] = LABEL.exec(text) ?? []
    if (whole === undefined || into.has(name)) return undefined
    into.set(name, value.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped)))
    at += whole.length
    if (text[at] === '}') return at + 1
    if (text[at] !== ',') return undefined
  }
}

/** `/kubepods/burstable/pod<uid>/<container>`; systemd has no dashes in the names of its slices: `...-pod<uid>.slice/...`. */
function uidOf(cgroup: string): string {
  const [, uid = ''] = /(?:^|[/-])pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12})(?:\.slice)?(?:\/|$)/.exec(cgroup) ?? []
  return uid.replaceAll('_', '-')
}

/** By the clock of whoever asked, of which `apart` is the distance; a sample without a time is of now. */
export const timeOf = ({ at }: Pick<CounterSample, 'at'>, apart: Millis, now: Instant): Instant => (at === undefined ? now : instant(at + apart))
