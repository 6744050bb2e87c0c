import { expect } from 'chai'
import { instant, millis } from '../../../shared/lib/time.ts'
import { PageReader, timeOf, type CounterSample, type Page } from './kubelet-page.ts'

const UID = '0a1b2c3d-0000-4111-8222-0123456789ab'
const CGROUP = `/kubepods/burstable/pod${UID}/c0ffee`
const labels = (more: Readonly<Record<string, string>> = {}): string =>
  Object.entries({ container: 'app', id: CGROUP, image: 'cart:1', name: 'c0ffee', namespace: 'shop', pod: 'cart-0', ...more }).map(([name, value]) => `${name}="${value}"`).join(',')
const periods = (text = `{${labels()}} 120 1700000000000`): string => `container_cpu_cfs_periods_total${text}\n`
const throttled = (text = `{${labels()}} 20 1700000000000`): string => `container_cpu_cfs_throttled_periods_total${text}\n`
const HEAD = '# HELP container_cpu_cfs_periods_total Number of elapsed enforcement period intervals.\n# TYPE container_cpu_cfs_periods_total counter\n'

const read = (page: string, size = page.length): Page => {
  const bytes = new TextEncoder().encode(page)
  const reader = new PageReader()
  for (let at = 0; at < bytes.length; at += size) {
    const found = reader.push(bytes.subarray(at, at + size))
    if (found !== undefined) return found
  }
  return reader.end()
}
const samples = (page: string, size?: number): readonly CounterSample[] => {
  const found = read(page, size)
  if (found.kind === 'Wrong') throw new Error(found.what)
  return found.samples
}
const first = (page: string): Partial<CounterSample> => samples(page)[0] ?? {}

describe("a kubelet's page of container metrics", () => {
  it('tells the two counters of each container, with pod, uid and time', () => {
    const common = { namespace: 'shop', pod: 'cart-0', uid: UID, container: 'app', cgroup: CGROUP, at: instant(1_700_000_000_000) }
    expect(samples(HEAD + periods() + throttled())).to.deep.equal([{ ...common, counter: 'periods', value: 120 }, { ...common, counter: 'throttled', value: 20 }])
  })
  it('is the same however it is cut into pieces', () => {
    const page = `${HEAD}${periods()}container_memory_usage_bytes{${labels({ pod: 'größe-0' })}} 1\n${throttled()}`
    for (const size of [1, 2, 7, 64]) expect(samples(page, size), `pieces of ${size}`).to.deep.equal(samples(page))
  })
  it('is read past everything else', () => {
    const page = `machine_cpu_cores 2\ncontainer_cpu_cfs_throttled_seconds_total{broken\ncontainer_cpu_cfs_periods_total_more{x="1"} 1\n${periods()}`
    expect(samples(page)).to.have.lengthOf(1)
  })

  const values: readonly [string, number][] = [['0', 0], ['1.234567e+06', 1_234_567], ['12.5', 12.5], ['3E2', 300]]
  for (const [text, value] of values) it(`may have a value of ${text}`, () => expect(first(periods(`{${labels()}} ${text} 1`)).value).to.equal(value))
  it('may leave out the time, and labels in other orders with escapes in them', () => {
    expect(first(periods(`{pod="cart-0",namespace="shop",container="a\\"b\\\\c\\nd",id="/x",} 5`))).to.deep.include({ at: undefined, container: 'a"b\\c\nd', value: 5 })
  })

  const cgroups: readonly [string, string, string][] = [
    ['of the kernel with cgroupfs', `/kubepods/besteffort/pod${UID}/c0ffee`, UID],
    ['of a guaranteed pod', `/kubepods/pod${UID}/c0ffee`, UID],
    ['of systemd', `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UID.replaceAll('-', '_')}.slice/cri-containerd-c0ffee.scope`, UID],
    ['of a node in a container', `/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${UID.replaceAll('-', '_')}.slice/crio-c0ffee.scope`, UID],
    ['of the whole pod', `/kubepods/burstable/pod${UID}`, UID],
    ['of something else', '/system.slice/docker-c0ffee.scope', ''],
    ['with more behind the uid', `/kubepods/pod${UID}0/c0ffee`, ''],
  ]
  for (const [title, id, uid] of cgroups) it(`finds the uid in a cgroup ${title}`, () => expect(first(periods(`{${labels({ id })}} 1 1`)).uid).to.equal(uid))

  it('tells of a whole pod by its own cgroup, and not by that of its network', () => {
    const whole = { container: '', name: '', image: '' }
    expect(samples(periods(`{${labels(whole)}} 1 1`)).map(({ container, pod }) => [container, pod])).to.deep.equal([['', 'cart-0']])
    expect(samples(periods(`{${labels({ ...whole, name: 'sandbox', image: 'pause' })}} 1 1`))).to.deep.equal([])
  })
  it('leaves out cgroups of no pod', () => expect(samples(periods('{container="",id="/kubepods",image="",name="",namespace="",pod=""} 1 1'))).to.deep.equal([]))

  const unreadable: readonly [string, string][] = [
    ['no value', `{${labels()}}`], ['NaN', `{${labels()}} NaN 1`], ['+Inf', `{${labels()}} +Inf 1`], ['-Inf', `{${labels()}} -Inf 1`], ['a value below zero', `{${labels()}} -1 1`],
    ['a value beyond all numbers', `{${labels()}} 1e999 1`], ['hexadecimals', `{${labels()}} 0x10 1`], ['a word', `{${labels()}} many 1`], ['a time with a fraction', `{${labels()}} 1 1.5`], ['more behind the time', `{${labels()}} 1 1 1`],
    ['no labels', ' 1 1'], ['labels that do not end', `{${labels()} 1 1`], ['a value without quotes', '{pod=cart-0} 1 1'], ['an unknown escape', '{pod="a\\x"} 1 1'], ['the same label twice', '{pod="a",pod="b"} 1 1'], ['nothing between labels', '{pod="a"namespace="b"} 1 1'],
  ]
  for (const [title, text] of unreadable) {
    it(`with ${title} is refused as a whole`, () => expect(read(periods() + throttled(text))).to.deep.equal({ kind: 'Wrong', what: 'answered a line of container_cpu_cfs_throttled_periods_total that cannot be read' }))
  }
  it('that ends within a line is refused', () => expect(read((periods() + throttled()).slice(0, -1))).to.deep.equal({ kind: 'Wrong', what: 'answered a page that ends within a line' }))
  const others: readonly [string, string][] = [['nothing', ''], ['a web page', '<html>\n<body>container_cpu\n</html>\n'], ['metrics of something else', 'up 1\nprocess_cpu_seconds_total 3\n']]
  for (const [title, page] of others) {
    it(`that is ${title} is refused`, () => expect(read(page)).to.deep.equal({ kind: 'Wrong', what: 'answered a page without any metric of a container: something else listens there' }))
  }
  it('without a container that has a limit is a page all the same', () => expect(samples('container_memory_usage_bytes{id="/"} 1\n')).to.deep.equal([]))

  it('may have lines of 64 KiB, and none that is longer', () => {
    const page = (length: number): string => 'x'.repeat(length)
    const reader = new PageReader()
    expect(reader.push(new TextEncoder().encode(page(64 * 1024)))).to.equal(undefined)
    expect(reader.push(new TextEncoder().encode('x'))).to.deep.equal({ kind: 'Wrong', what: 'answered a line of more than 64 KiB: that is no page of metrics' })
  })
  it('may have 20000 counters, and no more', () => {
    const page = (count: number): string => Array.from({ length: count }, (_, i) => periods(`{${labels({ pod: `cart-${i}` })}} 1 1`)).join('')
    expect(samples(page(20_000))).to.have.lengthOf(20_000)
    expect(read(page(20_001))).to.deep.equal({ kind: 'Wrong', what: 'answered more than 20000 counters of CPU periods' })
  })

  it('has times of the node, which are moved to ours; a sample without one is of now', () => {
    expect(timeOf({ at: instant(1_000) }, millis(-300), instant(5_000))).to.equal(700)
    expect(timeOf({ at: undefined }, millis(-300), instant(5_000))).to.equal(5_000)
  })
})
